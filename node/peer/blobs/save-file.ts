/** From chunks in the store to a file of this machine. */
import { openChunk, type ChunkRef } from '../../../crdt/blobs/chunk.ts'
import { TreeError, walkTree } from '../../../crdt/blobs/tree.ts'
import type { FilePayload } from '../../../crdt/docs/files.ts'
import type { BlobCrypto } from '../../../crdt/crypto/blob-crypto.ts'
import type { BlobStore } from '../../ports/blobs.ts'
import type { NewFile } from '../../ports/files.ts'
import { isZero } from './is-zero.ts'

/** Chunks that are read while one is written. */
const readAhead = 4

export interface SaveFileNeeds {
  readonly store: Pick<BlobStore, 'read'>
  readonly crypto: BlobCrypto
  readonly progress: (done: number) => void
  readonly signal: AbortSignal
}

/**
 * Writes all of a file. Throws TreeError where its author lied about it, or the signal's reason.
 * @returns false when a chunk is not there any more: it was damaged, and has to be fetched again
 */
export async function saveFile({ root, key }: Pick<FilePayload, 'root' | 'key'>, to: NewFile, { store, crypto, progress, signal }: SaveFileNeeds): Promise<boolean> {
  const plainOf = (ref: ChunkRef, sealed: Uint8Array): Uint8Array => {
    const plain = openChunk(crypto, key, ref, sealed)
    if (!plain) throw new TreeError('does_not_open')
    return plain
  }
  try {
    for await (const { at, chunks } of walkTree(root, async (ref) => plainOf(ref, await needed(ref)))) {
      let place = at
      const reading = new Map<number, Promise<Uint8Array>>()
      let next = 0
      for (const [i, chunk] of chunks.entries()) {
        signal.throwIfAborted()
        for (; next <= i + readAhead && next < chunks.length; next++) reading.set(next, needed(chunks[next] as ChunkRef))
        const plain = plainOf(chunk, await (reading.get(i) as Promise<Uint8Array>))
        reading.delete(i)
        if (plain.length !== chunk.length) throw new TreeError('length_wrong')
        // What is not written is zero already, and stays a hole.
        if (!isZero(plain)) await to.write(plain, place)
        place += chunk.length
      }
      progress(place)
    }
  } catch (error) {
    if (error === gone) return false
    throw error
  }
  await to.finish(root.length)
  return true

  function needed({ id }: ChunkRef): Promise<Uint8Array> {
    const reading = store.read(id).then((sealed) => {
      if (!sealed) throw gone
      return sealed
    })
    // It is awaited in its turn; until then its failure must not count as unhandled.
    reading.catch(() => undefined)
    return reading
  }
}

const gone = new Error('a chunk is not here')
