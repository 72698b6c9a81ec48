/** From chunks in the store to a file of this machine. */
import { openChunk, type ChunkRef, type SealedChunk } from '../../../crdt/blobs/chunk.ts'
import { TreeError, walkTree } from '../../../crdt/blobs/tree.ts'
import type { FilePayload } from '../../../crdt/docs/files.ts'
import type { BlobCrypto } from '../../../crdt/crypto/blob-crypto.ts'
import type { BlobId } from '../../../crdt/wire/ids.ts'
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
  /** The chunk that holes consist of: opened once. */
  let hole: BlobId | undefined
  try {
    for await (const { at, chunks } of walkTree(root, async (ref) => plainOf(ref, ((await needed([ref]))[0] as SealedChunk).bytes))) {
      let place = at
      const batch = (from: number): { refs: readonly ChunkRef[]; sealed: Promise<readonly SealedChunk[]> } => {
        const refs = chunks.slice(from, from + readAtOnce)
        return { refs, sealed: needed(refs.filter(({ id }) => id !== hole)) }
      }
      let next = batch(0)
      for (let from = readAtOnce; next.refs.length > 0; from += readAtOnce) {
        signal.throwIfAborted()
        const { refs } = next
        const sealed = new Map((await next.sealed).map(({ id, bytes }) => [id, bytes]))
        next = batch(from)
        for (const chunk of refs) {
          const bytes = sealed.get(chunk.id)
          const plain = bytes && plainOf(chunk, bytes)
          if (plain && plain.length !== chunk.length) throw new TreeError('length_wrong')
          // What is not written is zero already, and stays a hole.
          if (plain && isZero(plain)) hole = chunk.id
          else if (plain) await to.write(plain, place)
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

  function needed(refs: readonly ChunkRef[]): Promise<readonly SealedChunk[]> {
    const ids = [...new Set(refs.map(({ id }) => id))]
    const reading = store.read(ids).then((all) => all.map((bytes, i) => {
      if (!bytes) throw gone
      return { id: ids[i] as BlobId, bytes }
    }))
    // It is awaited in its turn; until then its failure must not count as unhandled.
    reading.catch(() => undefined)
    return reading
  }
}

const gone = new Error('a chunk is not here')
