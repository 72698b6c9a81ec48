/**
 * Where the sealed chunks of files lie, for all meshes of a profile: a chunk's id is the hash of its bytes, and only those
 * who can open a file know the ids of its chunks. Each implementation passes test/contract/blobs.
 */
import type { SealedChunk } from '../../crdt/blobs/chunk.ts'
import type { BlobId } from '../../crdt/wire/ids.ts'

/** What a collection did. */
export interface Swept {
  readonly chunks: number
  /** Of the chunks that went. */
  readonly bytes: number
  /** What the disk got back, which may be later than the chunks went. */
  readonly freedBytes: number
}

export interface BlobUsage {
  readonly chunks: number
  /** Of all chunks that are here. */
  readonly bytes: number
  /** What they take on disk, dead weight included. */
  readonly diskBytes: number
}

export interface BlobStore extends AsyncDisposable {
  /** Which of these are here, durably. */
  has(ids: readonly BlobId[]): readonly boolean[]
  /**
   * Sealed bytes, their hash checked. Undefined: not here, or damaged, which is logged and forgotten, to be fetched again.
   * Those that were put one after another are read at once. Each stands in memory of its own, behind chunkFrameStart spare
   * bytes, so that a frame is made of it without a copy (crdt/blobs/frames.ts).
   */
  read(ids: readonly BlobId[]): Promise<readonly (Uint8Array | undefined)[]>
  /**
   * Keeps chunks whose ids the caller has checked; resolves when they are durable. One that is here is only marked as used
   * now. The bytes are the store's from then on, which may give their memory back: nobody else may look at them. Throws AtollError: files_quota, disk_reserve, storage_full and the like,
   * and then none of these chunks is promised to be here.
   */
  put(chunks: readonly SealedChunk[]): Promise<void>
  /**
   * Forgets what nobody needs: all but `live`, and but what was put or used since.
   * @param since milliseconds since 1970
   */
  sweep(live: AsyncIterable<readonly BlobId[]>, since: number, signal: AbortSignal): Promise<Swept>
  usage(): BlobUsage
}

/** How much room there is, as a store asks before it writes. */
export interface Room {
  /** What files may take in all; undefined: no bound. */
  quota(): number | undefined
  /** Of the disk that they lie on, in bytes; undefined where nobody can tell. */
  disk(): { readonly free: number; readonly size: number } | undefined
  /** What is left free on a disk of this size, for everything else. */
  reserve(diskBytes: number): number
}
