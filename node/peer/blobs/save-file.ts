/** From chunks in the store to a file of this machine. */
import { openChunk, type ChunkRef } from '../../../crdt/blobs/chunk.ts'
import { TreeError, walkTree } from '../../../crdt/blobs/tree.ts'
import type { FilePayload } from '../../../crdt/docs/files.ts'
import type { BlobCrypto } from '../../../crdt/crypto/blob-crypto.ts'
import type { BlobStore } from '../../ports/blobs.ts'
import type { NewFile } from '../../ports/files.ts'
import { isZero } from './is-zero.ts'

/** So many chunks are read at once, while those before are opened and written. */
const readAtOnce = 16

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
    for await (const { at, chunks } of walkTree(root, async (ref) => plainOf(ref, (await needed([ref]))[0] as Uint8Array))) {
      let place = at
      let next = needed(chunks.slice(0, readAtOnce))
      for (let from = 0; from < chunks.length; from += readAtOnce) {
        signal.throwIfAborted()
        const sealed = await next
        next = needed(chunks.slice(from + readAtOnce, from + 2 * readAtOnce))
        for (const [i, bytes] of sealed.entries()) {
          const chunk = chunks[from + i] as ChunkRef
          const plain = plainOf(chunk, bytes)
          if (plain.length !== chunk.length) throw new TreeError('length_wrong')
          // What is not written is zero already, and stays a hole.
          if (!isZero(plain)) await to.write(plain, place)
          place += chunk.length
        }
        progress(place)
      }
    }
  } catch (error) {
    if (error === gone) return false
    throw error
  }
  await to.finish(root.length)
  return true

  function needed(refs: readonly ChunkRef[]): Promise<readonly Uint8Array[]> {
    const reading = store.read(refs.map(({ id }) => id)).then((all) => all.map((sealed) => {
      if (!sealed) throw gone
      return sealed
    }))
    // It is awaited in its turn; until then its failure must not count as unhandled.
    reading.catch(() => undefined)
    return reading
  }
}

const gone = new Error('a chunk is not here')
