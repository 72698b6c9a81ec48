/** Reads chunks by what the index says of them, those that lie side by side at once. */
import { chunkFrameStart } from '../../../crdt/blobs/frames.ts'
import { idOfChunk } from '../../../crdt/blobs/chunk.ts'
import type { BlobCrypto } from '../../../crdt/crypto/blob-crypto.ts'
import type { BlobId } from '../../../crdt/wire/ids.ts'
import type { Log } from '../../ports/log.ts'
import { problemOf } from '../sqlite-errors.ts'
import type { BlobIndex, IndexedChunk } from './blob-index.ts'
import { headerBytes } from './pack-record.ts'
import type { Packs } from './packs.ts'

const bytesAtOnce = 1024 * 1024

/** @param damaged called for chunks whose bytes are not what they should be, or cannot be read */
export async function readChunks(ids: readonly BlobId[], index: Pick<BlobIndex, 'find'>, packs: Packs, { crypto, log }: { readonly crypto: BlobCrypto; readonly log: Log }, damaged: (chunk: IndexedChunk) => void): Promise<readonly (Uint8Array | undefined)[]> {
  const found = new Map<BlobId, Uint8Array>()
  const chunks = ids.flatMap((id) => {
    const place = index.find(id)
    return place ? [{ id, ...place }] : []
  })
  await Promise.all(runsOf(chunks).map((run) => readRun(run)))
  return ids.map((id) => found.get(id))

  async function readRun(run: readonly IndexedChunk[]): Promise<void> {
    try {
      for (const [i, bytes] of (await packs.read(run, chunkFrameStart)).entries()) {
        const chunk = run[i] as IndexedChunk
        if (idOfChunk(crypto, bytes) === chunk.id) found.set(chunk.id, bytes)
        else {
          log.error('blob_damaged', { id: chunk.id, pack: chunk.pack })
          damaged(chunk)
        }
      }
    } catch (error) {
      if (problemOf(error) === undefined) throw error
      await Promise.all(run.map((chunk) => again(chunk, error)))
    }
  }

  /** Compaction may have moved it meanwhile. */
  async function again(chunk: IndexedChunk, error: unknown): Promise<void> {
    const now = index.find(chunk.id)
    if (now && now.pack !== chunk.pack) return readRun([{ id: chunk.id, ...now }])
    log.error('blob_unreadable', { id: chunk.id, pack: chunk.pack, why: String(error) })
    if (now) damaged(chunk)
  }
}

/** Chunks that follow one another in one pack. */
function runsOf(chunks: readonly IndexedChunk[]): IndexedChunk[][] {
  const runs: IndexedChunk[][] = []
  for (const chunk of chunks) {
    const run = runs.at(-1)
    const [first, last] = [run?.[0], run?.at(-1)]
    const follows = last?.pack === chunk.pack && last.start + last.length + headerBytes === chunk.start
    if (run && first && follows && chunk.start + chunk.length - first.start <= bytesAtOnce) run.push(chunk)
    else runs.push([chunk])
  }
  return runs
}
