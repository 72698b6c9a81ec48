/** What peers have promised to their callers: whatever was answered "done", and which messages were handed out. */
import type { EntryId } from '../../crdt/wire/ids.ts'
import type { SimPeer } from './sim-peer.ts'
import type { SimWorld } from './sim-world.ts'

/** Something that was acknowledged and has to be there in the end (rule D1). */
export interface Claim {
  readonly by: SimPeer
  readonly what:
    | { readonly type: 'value'; readonly key: string; readonly value: string }
    | { readonly type: 'deletion'; readonly key: string; readonly at: number }
    | { readonly type: 'note'; readonly id: string }
    | { readonly type: 'forgotten'; readonly id: string }
    | { readonly type: 'line'; readonly document: string; readonly line: string }
    | { readonly type: 'message'; readonly id: string; readonly text: string; readonly to: readonly string[] }
  /** Entries that its author committed meanwhile: where all of them are, so is what was claimed. */
  readonly entries: readonly EntryId[]
}

/** Messages handed to the reader of one peer. */
export interface Handed {
  readonly ids: Set<string>
  /** Drains whose answer has not come. One that never comes (the machine died) may have taken messages along. */
  pending: number
}

export class Promises {
  claims: Claim[] = []
  readonly breaches: string[] = []
  readonly #world: SimWorld
  readonly #handed = new Map<SimPeer, Handed>()
  readonly #backups = new Map<SimPeer, Handed>()
  readonly #everOut = new Set<SimPeer>()

  constructor(world: SimWorld) {
    this.#world = world
  }

  claim(claim: Claim): void {
    this.claims.push(claim)
  }

  handed(peer: SimPeer): Handed {
    let handed = this.#handed.get(peer)
    if (!handed) this.#handed.set(peer, (handed = { ids: new Set(), pending: 0 }))
    return handed
  }

  /** A reader took messages out of its inbox: none comes twice. */
  drained(peer: SimPeer, ids: readonly string[]): void {
    const handed = this.handed(peer)
    for (const id of ids) {
      if (handed.ids.has(id)) this.breaches.push(`C4: the message ${id.slice(0, 8)} was handed to ${peer.name} twice`)
      handed.ids.add(id)
    }
  }

  backedUp(peer: SimPeer): void {
    const { ids, pending } = this.handed(peer)
    this.#backups.set(peer, { ids: new Set(ids), pending })
  }

  /** An old copy came back: what only this device held since then is lost with it, by nobody's fault but the copier's. */
  restored(peer: SimPeer): void {
    const then = this.#backups.get(peer) ?? { ids: new Set(), pending: 1 }
    this.#handed.set(peer, { ids: new Set(then.ids), pending: then.pending })
    this.#forgetWhatIsLost()
  }

  /** It says that it leaves: what it wrote may fall by the rules from now on. */
  leaving(peer: SimPeer): void {
    this.#everOut.add(peer)
  }

  /** It has left, and dropped what it held of the mesh: what it read it may read again, should it come back. */
  left(peer: SimPeer): void {
    this.#handed.delete(peer)
    this.#forgetWhatIsLost()
  }

  /** Drops claims of which nobody holds all entries any more: whoever held them restored an older copy, or left. */
  #forgetWhatIsLost(): void {
    const { mesh, peers } = this.#world
    if (mesh === undefined) return
    this.claims = this.claims.filter(({ entries }) => entries.every((id) => peers.some(({ disk }) => disk.holds(mesh, id))))
  }

  wasOut(peer: SimPeer): boolean {
    return this.#everOut.has(peer)
  }
}
