/** Which missing chunk is asked of which peer: the rarest first, each of one peer, until that one is lost or slow. */
import type { BlobId, DeviceId } from '../../../crdt/wire/ids.ts'

export interface QueuedChunk {
  readonly id: BlobId
  /** About how long it is. */
  readonly bytes: number
  readonly holders: Set<DeviceId>
  /** Who was asked, and when. Several where the first was slow. */
  readonly asked: Map<DeviceId, number>
}

export class FetchQueue {
  readonly #chunks = new Map<BlobId, QueuedChunk>()
  /** Those that nobody was asked for, in the order of the file. */
  readonly #idle = new Set<QueuedChunk>()

  get size(): number {
    return this.#chunks.size
  }

  has(id: BlobId): boolean {
    return this.#chunks.has(id)
  }

  add(id: BlobId, bytes: number): void {
    if (this.#chunks.has(id)) return
    const chunk: QueuedChunk = { id, bytes, holders: new Set(), asked: new Map() }
    this.#chunks.set(id, chunk)
    this.#idle.add(chunk)
  }

  /** A peer said that it holds these. */
  holds(peer: DeviceId, ids: readonly BlobId[]): void {
    for (const id of ids) this.#chunks.get(id)?.holders.add(peer)
  }

  /** A peer has not got it after all. */
  lacks(peer: DeviceId, id: BlobId): void {
    const chunk = this.#chunks.get(id)
    chunk?.holders.delete(peer)
    this.#unask(chunk, peer)
  }

  /**
   * What to ask of a peer now: chunks that it holds and nobody was asked for, those that the fewest hold first.
   * @param room bytes that may be asked for; at least one chunk is given where there is one
   */
  take(peer: DeviceId, room: number, now: number): readonly BlobId[] {
    const byRarity: QueuedChunk[][] = []
    let rarest = 0
    for (const chunk of this.#idle) {
      if (!chunk.holders.has(peer)) continue
      ;(byRarity[chunk.holders.size] ??= []).push(chunk)
      // Rarer than held by one there is not: with enough of those the rest need not be looked at.
      if (chunk.holders.size === 1 && (rarest += chunk.bytes) >= room) break
    }
    return this.#ask(byRarity.flat(), peer, room, now)
  }

  /** What others were asked for before `since` and have not sent, for a peer that has nothing else to do. */
  takeOver(peer: DeviceId, room: number, since: number, now: number): readonly BlobId[] {
    const slow = [...this.#chunks.values()].filter(({ holders, asked }) => holders.has(peer) && !asked.has(peer) && asked.size === 1 && [...asked.values()].every((at) => at < since))
    return this.#ask(slow, peer, room, now)
  }

  /** It is here: nobody needs to send it. @returns false where nobody waited for it */
  done(id: BlobId): boolean {
    const chunk = this.#chunks.get(id)
    if (chunk) this.#idle.delete(chunk)
    return this.#chunks.delete(id)
  }

  /** Forgets a peer: what it was asked for is anybody's again. */
  lost(peer: DeviceId): void {
    for (const chunk of this.#chunks.values()) {
      chunk.holders.delete(peer)
      this.#unask(chunk, peer)
    }
  }

  /** Chunks that no peer is known to hold. */
  *orphans(): Generator<BlobId, void> {
    for (const { id, holders } of this.#chunks.values()) if (holders.size === 0) yield id
  }

  ids(): IterableIterator<BlobId> {
    return this.#chunks.keys()
  }

  #ask(chunks: readonly QueuedChunk[], peer: DeviceId, room: number, now: number): readonly BlobId[] {
    const ids: BlobId[] = []
    let left = room
    for (const chunk of chunks) {
      if (ids.length > 0 && chunk.bytes > left) break
      left -= chunk.bytes
      ids.push(chunk.id)
      chunk.asked.set(peer, now)
      this.#idle.delete(chunk)
    }
    return ids
  }

  #unask(chunk: QueuedChunk | undefined, peer: DeviceId): void {
    if (chunk?.asked.delete(peer) && chunk.asked.size === 0) this.#idle.add(chunk)
  }
}
