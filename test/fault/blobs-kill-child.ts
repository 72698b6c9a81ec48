/**
 * Puts chunks and collects garbage until it is killed; prints the id of each chunk that is durable and that every collection
 * must leave. Argument: the folder.
 */
import { writeSync } from 'node:fs'
import { idOfChunk } from '../../crdt/blobs/chunk.ts'
import type { BlobId } from '../../crdt/wire/ids.ts'
import { openDiskBlobs } from '../../node/host/blobs/disk-blob-store.ts'
import { nodeBlobCrypto } from '../../node/host/blobs/node-blob-crypto.ts'
import { endlessRoom } from '../../node/peer/blobs/require-room.ts'
import { silentLog } from '../../node/ports/log.ts'
import { randomBytes } from 'node:crypto'

const [folder = ''] = process.argv.slice(2)
let now = 0
const store = await openDiskBlobs({ folder, crypto: nodeBlobCrypto, clock: { now: () => now }, log: silentLog, room: endlessRoom, packBytes: 300_000 })
const needed: BlobId[] = []
const live = async function* (): AsyncGenerator<readonly BlobId[]> {
  yield needed
}
for (let round = 0; ; round++) {
  now = round
  const chunks = Array.from({ length: 12 }, () => {
    const bytes = new Uint8Array(randomBytes(1_000 + (round % 7) * 3_000))
    return { id: idOfChunk(nodeBlobCrypto, bytes), bytes }
  })
  const ids = chunks.map(({ id }) => id)
  await store.put(chunks)
  // Two of three are garbage from the start.
  const kept = ids.filter((_id, i) => i % 3 === 0)
  needed.push(...kept)
  writeSync(1, `${kept.join('\n')}\n`)
  if (round % 5 === 4) await store.sweep(live(), round - 1, new AbortController().signal)
}
