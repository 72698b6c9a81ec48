/** What a peer asks of the machine it runs on, beside network and time. */
import type { MeshId } from '../../crdt/wire/ids.ts'
import type { Witness } from './witness.ts'
import type { MeshStore } from './store.ts'

/** A mesh that this profile takes part in. */
export interface MeshRecord {
  readonly mesh: MeshId
  /** Unset while it is being joined; such a record is dropped at the next start. */
  readonly complete: boolean
}

export interface Profile {
  readonly device: { readonly seed: Uint8Array; readonly sealingSecret: Uint8Array }
  meshes(): readonly MeshRecord[]
  /** Opens (creates) the store of a mesh. */
  openStore(mesh: MeshId): MeshStore
  /** Marks a mesh as complete: it is opened at the next start. */
  keep(mesh: MeshId): void
  /** Deletes what is here of a mesh. */
  drop(mesh: MeshId): void
  /** Keeps the secret half of a member's root key where the person can take it away (`recovery/`). */
  keepRoot(mesh: MeshId, seed: Uint8Array): void
  /** The root kept for a mesh, while it is still here: who comes back to a mesh comes back as the same member. */
  keptRoot(mesh: MeshId): Uint8Array | undefined
  readonly witness: Witness
  /** What peers see as this machine's name. */
  readonly machine: string
}
