/** Chunks in memory: for tests, and platforms without a disk. */
import { idOfChunk, type SealedChunk } from '../../../crdt/blobs/chunk.ts'
import { sodiumBlobCrypto } from '../../../crdt/crypto/blob-crypto.ts'
import type { BlobId } from '../../../crdt/wire/ids.ts'
import type { BlobStore, BlobUsage, Room, Swept } from '../../ports/blobs.ts'
import type { Clock } from '../../ports/runtime.ts'
import { endlessRoom, requireRoom } from './require-room.ts'

export class MemoryBlobStore implements BlobStore {
  readonly #clock: Clock
  readonly #room: Room
  readonly #chunks = new Map<BlobId, { readonly bytes: Uint8Array; used: number }>()
  #bytes = 0

  constructor(clock: Clock, room: Room = endlessRoom) {
    this.#clock = clock
    this.#room = room
  }

  has(ids: readonly BlobId[]): readonly boolean[] {
    return ids.map((id) => this.#chunks.has(id))
  }

  async read(ids: readonly BlobId[]): Promise<readonly (Uint8Array | undefined)[]> {
    return ids.map((id) => {
      const bytes = this.#chunks.get(id)?.bytes
      if (!bytes || idOfChunk(sodiumBlobCrypto, bytes) === id) return bytes
      this.#forget(id)
      return undefined
    })
  }

  async put(chunks: readonly SealedChunk[]): Promise<void> {
    const fresh = new Map(chunks.filter(({ id }) => !this.#chunks.has(id)).map(({ id, bytes }) => [id, bytes]))
    const more = [...fresh.values()].reduce((sum, { length }) => sum + length, 0)
    if (more > 0) requireRoom(this.#room, this.#bytes, more)
    const used = this.#clock.now()
    for (const { id } of chunks) {
      const known = this.#chunks.get(id)
      if (known) known.used = used
    }
    for (const [id, bytes] of fresh) this.#chunks.set(id, { bytes, used })
    this.#bytes += more
  }

  async sweep(live: AsyncIterable<readonly BlobId[]>, since: number, signal: AbortSignal): Promise<Swept> {
    const marked = new Set<BlobId>()
    for await (const ids of live) {
      signal.throwIfAborted()
      for (const id of ids) marked.add(id)
    }
    const before = this.#bytes
    const gone = [...this.#chunks].filter(([id, { used }]) => used < since && !marked.has(id))
    for (const [id] of gone) this.#forget(id)
    return { chunks: gone.length, bytes: before - this.#bytes, freedBytes: before - this.#bytes }
  }

  usage(): BlobUsage {
    return { chunks: this.#chunks.size, bytes: this.#bytes, diskBytes: this.#bytes }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Turns a byte of a chunk over, as a disk may. */
  damage(id: BlobId): void {
    const chunk = this.#chunks.get(id)
    if (chunk) this.#chunks.set(id, { ...chunk, bytes: chunk.bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte)) })
  }

  #forget(id: BlobId): void {
    this.#bytes -= this.#chunks.get(id)?.bytes.length ?? 0
    this.#chunks.delete(id)
  }
}
