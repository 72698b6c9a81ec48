/**
 * Chunks on a disk that fills up, in a mount namespace of its own; exits with status 0 when all was as it must be. Argument:
 * an empty folder to mount on.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { idOfChunk } from '../../crdt/blobs/chunk.ts'
import type { BlobId } from '../../crdt/wire/ids.ts'
import { openDiskBlobs } from '../../node/host/blobs/disk-blob-store.ts'
import { nodeBlobCrypto } from '../../node/host/blobs/node-blob-crypto.ts'
import { openConfig } from '../../node/host/config.ts'
import { openPeer } from '../../node/host/peer-on-node.ts'
import { endlessRoom } from '../../node/peer/blobs/require-room.ts'
import { AtollError } from '../../node/ports/errors.ts'
import { silentLog } from '../../node/ports/log.ts'

const [folder = ''] = process.argv.slice(2)
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'none', folder])
const blobs = join(folder, 'blobs')
const open = (): ReturnType<typeof openDiskBlobs> => openDiskBlobs({ folder: blobs, crypto: nodeBlobCrypto, clock: { now: () => 0 }, log: silentLog, room: endlessRoom, packBytes: 2_000_000 })
const acknowledged: BlobId[] = []

/** Puts until one is refused. */
async function fill(store: Awaited<ReturnType<typeof open>>): Promise<string> {
  for (let i = 0; i < 1_000; i++) {
    const bytes = new Uint8Array(randomBytes(150_000))
    const id = idOfChunk(nodeBlobCrypto, bytes)
    try {
      await store.put([{ id, bytes }])
      acknowledged.push(id)
    } catch (error) {
      if (error instanceof AtollError) return error.code
      throw error
    }
  }
  return 'never refused'
}

{
  // The reserve is switched off here, so that the disk itself refuses.
  await using store = await open()
  for (let round = 0; round < 3; round++) {
    assert.equal(await fill(store), 'storage_full')
    assert.deepEqual((await store.read(acknowledged)).filter((bytes) => bytes === undefined), [])
    execFileSync('mount', ['-o', `remount,size=${14 + 6 * round}m`, folder])
  }
}
{
  await using store = await open()
  assert.ok(acknowledged.length > 60)
  assert.deepEqual((await store.read(acknowledged)).filter((bytes) => bytes === undefined), [])
}

// A whole node keeps the reserve of a small disk free: it says so, and everything else goes on.
execFileSync('mount', ['-o', 'remount,size=60m', folder])
const home = join(folder, 'profile')
mkdirSync(home, { mode: 0o700 })
const elsewhere = mkdtempSync(join(tmpdir(), 'atoll-roomy-'))
writeFileSync(join(elsewhere, 'file.bin'), randomBytes(3_000_000))
const peer = await openPeer({ home, config: openConfig({ home, env: {}, flags: { listen: '127.0.0.1:0', name: 'alice' } }), log: silentLog, version: 'test', socket: '' })
const { signal } = new AbortController()
const services = peer.host.services({ signal })
await services.meshes.create({ name: 'reef', relays: [] })
const refused = await services.files.share({ path: join(elsewhere, 'file.bin'), tags: [], to: [] }, () => undefined, signal).catch((error: unknown) => error)
assert.ok(refused instanceof AtollError)
assert.equal(refused.code, 'disk_reserve')
assert.deepEqual(await services.files.list({}), [])
await services.state.set('after', 1)
assert.equal((await services.state.get('after')).value, 1)
await peer[Symbol.asyncDispose]()
rmSync(elsewhere, { recursive: true })
process.exit(0)
