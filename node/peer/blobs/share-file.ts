/** From a file of this machine to sealed chunks in the store, and the root of their tree. */
import { sealChunk, type ChunkRef, type SealedChunk } from '../../../crdt/blobs/chunk.ts'
import { cutAfter, gearOf, maxChunkBytes } from '../../../crdt/blobs/fast-cdc.ts'
import { TreeBuilder, type FileRoot } from '../../../crdt/blobs/tree.ts'
import type { BlobCrypto } from '../../../crdt/crypto/blob-crypto.ts'
import type { BlobStore } from '../../ports/blobs.ts'
import type { SourceFile } from '../../ports/files.ts'
import { isZero } from './is-zero.ts'

/** Little enough that sealing it holds nothing else up for long. */
const readBytes = 1024 * 1024
const batchBytes = 4 * 1024 * 1024

export interface ShareFileNeeds {
  readonly store: BlobStore
  readonly crypto: BlobCrypto
  /** Called with how many bytes of the file are sealed. */
  readonly progress: (done: number) => void
  readonly signal: AbortSignal
}

/** Resolves when every chunk is durable. Throws what the store throws, or the signal's reason. */
export async function shareFile(file: SourceFile, key: Uint8Array, needs: ShareFileNeeds): Promise<FileRoot> {
  const sealer = new Sealer(key, needs)
  const tree = new TreeBuilder((plain, length) => sealer.seal(plain, length))
  const gear = gearOf(key)
  const room = new Uint8Array(readBytes + maxChunkBytes)
  let held = 0
  let at = 0
  for (let ended = false; !ended; ) {
    needs.signal.throwIfAborted()
    const read = await file.read(room.subarray(held), at)
    at += read
    held += read
    ended = read === 0
    let from = 0
    while (held - from >= maxChunkBytes || (ended && from < held)) {
      const end = cutAfter(room.subarray(0, held), from, gear)
      tree.add(sealer.seal(room.subarray(from, end)))
      from = end
    }
    room.copyWithin(0, from, held)
    held -= from
    await sealer.room()
    needs.progress(at - held)
  }
  if (at === 0) tree.add(sealer.seal(new Uint8Array()))
  const root = tree.finish()
  await sealer.finish()
  return root
}

/** Seals chunks and hands them to the store some MiB at a time: one batch is sealed while the last one is written. */
class Sealer {
  readonly #key: Uint8Array
  readonly #needs: ShareFileNeeds
  #batch: SealedChunk[] = []
  #bytes = 0
  #writing: Promise<void> = Promise.resolve()
  #zeros: ChunkRef | undefined

  constructor(key: Uint8Array, needs: ShareFileNeeds) {
    this.#key = key
    this.#needs = needs
  }

  seal(plain: Uint8Array, length = plain.length): ChunkRef {
    // A hole of a sparse file is the same chunk again and again.
    const zeros = isZero(plain)
    if (zeros && this.#zeros?.length === length) return this.#zeros
    const { ref, sealed } = sealChunk(this.#needs.crypto, this.#key, plain, length)
    if (zeros) this.#zeros = ref
    this.#batch.push(sealed)
    this.#bytes += sealed.bytes.length
    return ref
  }

  async room(): Promise<void> {
    if (this.#bytes >= batchBytes) await this.#flush()
  }

  async finish(): Promise<void> {
    await this.#flush()
    await this.#writing
  }

  async #flush(): Promise<void> {
    await this.#writing
    const batch = this.#batch
    this.#batch = []
    this.#bytes = 0
    this.#writing = this.#needs.store.put(batch)
    // Awaited with the next batch; until then its failure must not count as unhandled.
    this.#writing.catch(() => undefined)
  }
}
