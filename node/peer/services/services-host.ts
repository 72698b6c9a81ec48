/** What services need of the running peer: an interface, so that the peer may use the services without a circle. */
import type { MeshId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { DeviceLinks } from '../join/device-links.ts'
import type { PeerNeeds } from '../peer-needs.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import type { Identity } from '../replica/identity.ts'
import type { Replica } from '../replica/replica.ts'
import type { BlobExchange } from '../blobs/blob-exchange.ts'
import type { CallCounter } from '../operation-meter.ts'
import type { Misconduct } from '../misconduct.ts'
import type { Sessions } from '../sessions.ts'
import type { SyncEngine } from '../sync-engine.ts'

export interface ServicesHost {
  readonly needs: PeerNeeds
  readonly version: string
  readonly startedAt: number
  readonly warnings: readonly string[]
  readonly identity: Identity
  readonly engine: SyncEngine
  readonly sessions: Sessions
  readonly meter: CallCounter
  readonly blobs: BlobExchange
  readonly misconduct: Misconduct
  readonly deviceLinks: DeviceLinks
  readonly meshes: ReadonlyMap<MeshId, RunningMesh>
  /** Meshes that are being joined or left: one at a time, since both open and drop what is stored. */
  readonly moving: Set<MeshId>
  /** Which mesh a caller means. Throws mesh_unknown, mesh_none or mesh_ambiguous. */
  meshFor(named: string | undefined): RunningMesh
  /** Opens a replica without running it: for founding and joining. */
  openReplica(mesh: MeshId): Replica
  /** Runs a mesh from now on. */
  run(replica: Replica): RunningMesh
  /** Stops running a mesh; what is stored stays unless it is dropped. */
  halt(mesh: MeshId): Promise<void>
  /** Relays and codes of all meshes, to the network. */
  rendezvous(): void
  /** Resolves when every peer that is online holds what we hold of this mesh, or after two seconds. */
  told(mesh: RunningMesh): Promise<void>
  /** Resolves when one peer has given all it holds, or after some seconds without any. */
  caughtUp(mesh: RunningMesh, signal: AbortSignal): Promise<void>
}

/** Joins or leaves a mesh unless that is under way already (busy). */
export async function oneAtATime<T>({ moving }: ServicesHost, mesh: MeshId, move: () => Promise<T>): Promise<T> {
  if (moving.has(mesh)) throw new AtollError('busy', { what: 'this mesh is being joined or left already' })
  moving.add(mesh)
  try {
    return await move()
  } finally {
    moving.delete(mesh)
  }
}
