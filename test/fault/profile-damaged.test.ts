/** A store that was damaged, or is a newer version's, while its node was down: what the commands say, and what is left. */
import { schemaVersion } from '../../node/host/sqlite-schema.ts'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test, vi } from 'vitest'
import { connectNode } from '../../node/host/connect-node.ts'
import { runAtoll } from '../doubles/run-atoll.ts'
import { built, World, type Person } from '../e2e/world.ts'

const values = 60

test('D2 H1: a store that was damaged is set aside, `status` says where until the next start, and peers give the rest again', async () => {
  await using world = new World()
  const [alice, bob] = await Promise.all([world.node('alice'), world.node('bob')])
  await alice.does('create', 'reef', '--as', 'alice')
  await fill(alice)
  await bob.does('join', (await alice.does('invite'))['link'] as string, '--name', 'bob')
  await bob.inSync(1)
  const held = (await bob.does('info'))['entries'] as number
  await bob.down()
  // Content of entries, which no index repeats: the page of the last one that shares its page with others.
  damagePageOf(storeOf(bob))

  await bob.up()
  const aside = `${storeOf(bob)}.corrupt-1`
  expect(existsSync(aside)).toBe(true)
  const { warnings } = await bob.does('status') as { warnings: string[] }
  expect(warnings).toEqual([expect.stringContaining(`It is kept as ${aside};`)])
  const saved = Number(/; (\d+) entries were saved/.exec(warnings[0] ?? '')?.[1])
  expect(saved).toBeGreaterThan(0)
  expect(saved).toBeLessThan(held)
  const { stdout } = await runAtoll(built.program, bob.home, ['status'])
  expect(stdout.split('\n')).toContain(`! ${warnings[0]}`)
  await bob.inSync(1)
  expect((await bob.does('state', 'list', '--limit', '1000'))['values']).toHaveLength(values)
  expect(await bob.does('audit', 'verify')).toMatchObject({ problems: [] })
  await bob.does('state', 'set', 'after', '1')
  await vi.waitFor(async () => expect(await alice.does('state', 'get', 'after')).toMatchObject({ value: 1 }), { timeout: 15_000 })

  await bob.down()
  await bob.up()
  expect(await bob.does('status')).toMatchObject({ warnings: [] })
  await bob.down()
})

test('D2 D4 H1: damage that a read meets is told, set aside with the next command, and peers give the rest again', async () => {
  await using world = new World()
  const [alice, bob] = await Promise.all([world.node('alice'), world.node('bob')])
  await alice.does('create', 'reef', '--as', 'alice')
  const big = 'more than a page '.repeat(2000)
  await bob.does('join', (await alice.does('invite'))['link'] as string, '--name', 'bob')
  for (const [person, key] of [[alice, 'hers'], [bob, 'his']] as const) await person.does('state', 'set', key, JSON.stringify(big))
  await bob.inSync(1)
  await bob.down()
  // Far inside the longest entry: opening the store does not read that.
  damagePageOf(storeOf(bob), { longest: true })

  await bob.up()
  expect(await bob.does('status')).toMatchObject({ warnings: [] })
  expect(await bob.fails('audit', 'verify')).toMatchObject({ code: 'storage_corrupt', status: 7 })
  await bob.does('state', 'set', 'after', '1')
  expect(await bob.does('status')).toMatchObject({ warnings: [expect.stringContaining(`${storeOf(bob)}.corrupt-1`)] })
  await bob.inSync(1)
  for (const key of ['hers', 'his']) expect(await bob.does('state', 'get', key)).toMatchObject({ value: big })
  await vi.waitFor(async () => expect(await alice.does('state', 'get', 'after')).toMatchObject({ value: 1 }), { timeout: 15_000 })
  for (const person of [alice, bob]) {
    expect(await person.does('audit', 'verify')).toMatchObject({ problems: [] })
    expect((await person.does('info'))['forks']).toEqual([])
  }
  await bob.down()
})

test('H1: a device key that is damaged is said so, and not replaced', async () => {
  await using world = new World()
  const alice = await world.node('alice')
  await alice.does('create', 'reef')
  await alice.down()
  const path = join(alice.home, 'device.key')
  const key = readFileSync(path)
  writeFileSync(path, key.subarray(0, 40))
  expect(await alice.fails('state', 'list')).toMatchObject({ code: 'device_key_damaged', status: 7 })
  expect(readFileSync(path)).toEqual(key.subarray(0, 40))
  writeFileSync(path, key)
  await alice.up()
  expect(await alice.does('state', 'list')).toMatchObject({ values: [] })
  await alice.down()
})

test('H1: a store of a newer version is left alone, and every command says so', async () => {
  await using world = new World()
  const alice = await world.node('alice')
  await alice.does('create', 'reef')
  await alice.does('state', 'set', 'k', '1')
  await alice.down()
  setVersion(storeOf(alice), schemaVersion + 1)
  await alice.up()
  expect(await alice.fails('state', 'get', 'k')).toMatchObject({ code: 'profile_newer', status: 7, message: expect.stringContaining('Upgrade Atoll') as string })
  expect(await alice.fails('--mesh', 'reef', 'state', 'set', 'k', '2')).toMatchObject({ code: 'profile_newer' })
  expect(await alice.does('status')).toMatchObject({ meshes: [], warnings: [expect.stringContaining('newer Atoll')] })
  await alice.down()
  setVersion(storeOf(alice), schemaVersion)
  await alice.up()
  expect(await alice.does('state', 'get', 'k')).toMatchObject({ value: 1 })
  await alice.down()
})

/** Sets values, each in an entry of its own. */
async function fill({ home }: Person): Promise<void> {
  const client = await connectNode({ home, env: {}, version: '0.1.0', hello: { session: 'filler', kind: 'cli' }, signal: AbortSignal.timeout(30_000), program: null })
  for (let n = 0; n < values; n++) await client.state.set({ key: `k${n}`, value: 'long enough for many pages '.repeat(20) })
  await client[Symbol.asyncDispose]()
}

function storeOf({ home }: Person): string {
  const [mesh = ''] = readdirSync(join(home, 'meshes'))
  return join(home, 'meshes', mesh, 'mesh.db')
}

/** Zeroes the page on which the newest entries lie, or one in the midst of the longest. */
function damagePageOf(path: string, { longest = false } = {}): void {
  const database = new DatabaseSync(path)
  const [entry] = database.prepare(`SELECT bytes FROM entry WHERE ${longest} OR length(bytes) < 1000 ORDER BY ${longest ? 'length(bytes)' : 'position'} DESC LIMIT 1`).all()
  const [size] = database.prepare('PRAGMA page_size').all()
  database.close()
  const file = readFileSync(path)
  const page = size?.['page_size'] as number
  const bytes = entry?.['bytes'] as Uint8Array
  const at = file.indexOf(longest ? bytes.subarray(9000, 9100) : bytes)
  expect(at).toBeGreaterThan(0)
  const start = at - (at % page)
  writeFileSync(path, file.fill(0, start, start + page))
}

function setVersion(path: string, version: number): void {
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA user_version = ${version}`)
  database.close()
}
