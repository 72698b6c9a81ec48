/**
 * Reads chunks beside a process that writes and collects; each line it is given is the id of one that must be there from
 * then on, `forget` that none of them must. Says so when it has forgotten, and after every so many chunks that were whole;
 * ends with its input. Argument: the folder.
 */
import assert from 'node:assert/strict'
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { idOfChunk } from '../../crdt/blobs/chunk.ts'
import type { BlobId } from '../../crdt/wire/ids.ts'
import { openBlobsToRead } from '../../node/host/blobs/blobs-to-read.ts'
import { nodeBlobCrypto } from '../../node/host/blobs/node-blob-crypto.ts'
import { silentLog } from '../../node/ports/log.ts'

const atOnce = 24
const [folder = ''] = process.argv.slice(2)
const known: BlobId[] = []
let open = true
let checked = 0
createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line !== 'forget') return void known.push(line as BlobId)
    known.length = 0
    writeSync(1, 'forgot\n')
  })
  .on('close', () => (open = false))

await using store = openBlobsToRead(folder, { crypto: nodeBlobCrypto, log: { ...silentLog, error: (event, fields) => writeSync(2, `${event} ${JSON.stringify(fields)}\n`) } })

/** Old ones, which collections move, and the newest. */
function some(): BlobId[] {
  const from = known.length === 0 ? 0 : (checked * 31) % known.length
  return [...known.slice(from, from + atOnce), ...known.slice(-atOnce / 4)]
}

for (let said = 0; open; ) {
  const ids = some()
  const read = await store.read(ids)
  // What was forgotten meanwhile may be gone.
  if (ids.every((id) => known.includes(id))) {
    for (const [i, bytes] of read.entries()) assert.equal(bytes && idOfChunk(nodeBlobCrypto, bytes), ids[i])
    assert.ok(store.has(ids).every((has) => has))
    checked += ids.length
  }
  assert.ok(store.usage().chunks >= ids.length)
  if (checked - said > 1_000) writeSync(1, `${(said = checked)}\n`)
  await new Promise((resolve) => setImmediate(resolve))
}
assert.equal((await store.read(known)).filter((bytes) => bytes === undefined).length, 0)
