import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { BlobId } from '../../crdt/wire/ids.ts'
import { openDiskBlobs } from '../../node/host/blobs/disk-blob-store.ts'
import { nodeBlobCrypto } from '../../node/host/blobs/node-blob-crypto.ts'
import { endlessRoom } from '../../node/peer/blobs/require-room.ts'
import { silentLog } from '../../node/ports/log.ts'
import { startAtoll } from '../doubles/run-atoll.ts'
import { killAfter } from './kill-after.ts'
import { World } from '../e2e/world.ts'

const long = process.env['ATOLL_LONG'] === '1'
const kills = long ? 100 : 10

test(`D1 B7: after each of ${kills} kill -9, in a put or a collection, every chunk that was acknowledged is there`, { timeout: 60_000 + kills * 5_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-blobs-kill-'))
  let total = 0
  let compacted = 0
  for (let kill = 0; kill < kills; kill++) {
    const path = join(folder, String(kill % 3))
    const kept = (await killAfter('blobs-kill-child.ts', [path], 4 * (1 + (kill * 7) % 40))) as BlobId[]
    if (kill % 4 === 3) rmSync(join(path, 'index.db'))
    await using store = await openDiskBlobs({ folder: path, crypto: nodeBlobCrypto, clock: { now: () => 0 }, log: silentLog, room: endlessRoom, packBytes: 300_000 })
    const read = await store.read(kept)
    expect(read.filter((bytes) => bytes === undefined).length, `kill ${kill}`).toBe(0)
    total += kept.length
    compacted += readdirSync(path).some((name) => name === '00000002.pack') ? 0 : 1
  }
  expect(total).toBeGreaterThan(kills)
  expect(compacted).toBeGreaterThan(0)
  rmSync(folder, { recursive: true })
})

test('B1 D1: a node killed in the midst of a fetch fetches only the rest when it is asked again', { timeout: 180_000 }, async () => {
  await using world = new World()
  const [alice, bob] = await Promise.all([world.node('alice'), world.node('bob')])
  await alice.does('create', 'reef', '--as', 'alice')
  await bob.does('join', (await alice.does('invite'))['link'] as string, '--name', 'bob')
  const [path, copy] = [join(world.root, 'large.bin'), join(world.root, 'copy.bin')]
  const content = randomBytes(120_000_000)
  writeFileSync(path, content)
  const { id } = await alice.does('share', path)
  await vi.waitFor(async () => expect((await bob.does('files'))['files']).toHaveLength(1), { timeout: 20_000 })
  const getting = bob.tries('get', id as string, '--save-to', copy)
  const packs = join(bob.home, 'blobs')
  const held = (): number => readdirSync(packs).filter((name) => name.endsWith('.pack')).reduce((sum, name) => sum + statSync(join(packs, name)).size, 0)
  await vi.waitFor(() => expect(held()).toBeGreaterThan(20_000_000), { timeout: 60_000, interval: 20 })
  bob.running?.child.kill('SIGKILL')
  await bob.running?.finished
  expect((await getting).status).not.toBe(0)
  expect(existsSync(copy)).toBe(false)
  const before = held()
  expect(before).toBeLessThan(content.length)
  bob.running = startAtoll(join(import.meta.dirname, '../../dist/bin.js'), bob.home, ['up', '--json', '--listen', '127.0.0.1:0'])
  await bob.running.saw('"socket"')
  const got = await bob.does('get', id as string, '--save-to', copy)
  expect(readFileSync(copy).equals(content)).toBe(true)
  // What was on its way into the store when it died was not there yet.
  expect(got['fetched_bytes']).toBeLessThanOrEqual(content.length - before + 20_000_000)
  expect(got['fetched_bytes']).toBeLessThan(content.length - 10_000_000)
  bob.running.child.kill('SIGTERM')
  await bob.running.finished
})
