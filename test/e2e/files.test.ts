import { createHash, randomBytes } from 'node:crypto'
import { closeSync, createReadStream, ftruncateSync, openSync, readdirSync, readFileSync, readSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { World, type Person } from './world.ts'

const long = process.env['ATOLL_LONG'] === '1'
const sparseGb = long ? 10 : 1
const diskBytes = (folder: string): number => readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)

async function streamHash(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

async function three(world: World): Promise<{ alice: Person; bob: Person; carol: Person }> {
  const [alice, bob, carol] = await Promise.all([world.node('alice'), world.node('bob'), world.node('carol')])
  await alice.does('create', 'reef', '--as', 'alice')
  const { link } = await alice.does('invite', '--uses', '2')
  await bob.does('join', link as string, '--name', 'bob')
  await carol.does('join', link as string, '--name', 'carol')
  await alice.inSync(2)
  return { alice, bob, carol }
}

const sees = (who: Person, id: unknown): Promise<void> => vi.waitFor(async () => expect(((await who.does('files'))['files'] as { id: string }[]).map((file) => file.id)).toContain(id), { timeout: 20_000 })

describe('files between nodes, as processes', () => {
  it('B1 B5: 20 MB come whole; of an edited file only a few chunks move; nothing is overwritten unasked', async () => {
    await using world = new World()
    const { alice, bob } = await three(world)
    const [path, copy] = [join(world.root, 'report.bin'), join(world.root, 'copy.bin')]
    const content = randomBytes(20_000_000)
    writeFileSync(path, content)
    const shared = await alice.does('share', path, '--tags', 'weekly')
    expect(shared).toMatchObject({ name: 'report.bin', bytes: content.length, to: ['mesh'] })
    await sees(bob, shared['id'])
    expect((await bob.does('files', 'WEEK', '--from', 'alice'))['files']).toMatchObject([{ name: 'report.bin', tags: ['weekly'], by: 'alice' }])
    const first = await bob.does('get', shared['id'] as string, '--save-to', copy)
    expect(first['path']).toBe(copy)
    expect(first['fetched_bytes']).toBeGreaterThan(content.length)
    expect(first['fetched_bytes']).toBeLessThan(content.length * 1.005)
    expect(hashOf(copy)).toBe(hashOf(path))
    expect(await bob.fails('get', shared['id'] as string, '--save-to', copy)).toMatchObject({ code: 'file_exists', status: 6 })

    const edited = Buffer.concat([content.subarray(0, 9_000_000), Buffer.from('a sentence more'), content.subarray(9_000_000)])
    writeFileSync(path, edited)
    const again = await alice.does('share', path)
    await sees(bob, again['id'])
    const got = await bob.does('get', again['id'] as string, '--save-to', copy, '--overwrite')
    expect(got['fetched_bytes']).toBeGreaterThan(0)
    expect(got['fetched_bytes']).toBeLessThan(600_000)
    expect(hashOf(copy)).toBe(hashOf(path))
    expect(await bob.does('file', 'status', again['id'] as string)).toMatchObject({ here_bytes: edited.length, kept: true, fetching: null, peers: expect.arrayContaining([expect.objectContaining({ name: 'alice', lied: false, chunks: expect.any(Number) as number })]) as unknown })
  })

  it('B2 B8: for some people only; opened to more; deleted by who shared it or an owner, by nobody else', async () => {
    await using world = new World()
    const { alice, bob, carol } = await three(world)
    const path = join(world.root, 'secret.txt')
    writeFileSync(path, 'for bob only')
    const { id } = await bob.does('share', path, '--to', 'carol', '--name', 'Plan.txt')
    await sees(carol, id)
    await alice.inSync(2)
    expect((await alice.does('files'))['files']).toEqual([])
    expect(await alice.fails('get', id as string)).toMatchObject({ code: 'file_unknown', status: 3 })
    expect(await carol.fails('file', 'grant', id as string, 'alice')).toMatchObject({ code: 'not_your_file', status: 4 })
    expect((await bob.does('file', 'grant', id as string, 'alice'))['to']).toEqual(expect.arrayContaining(['alice', 'carol']))
    await sees(alice, id)
    const copy = join(world.root, 'copy.txt')
    await alice.does('get', id as string, '--save-to', copy)
    expect(readFileSync(copy, 'utf8')).toBe('for bob only')
    expect(await carol.fails('file', 'delete', id as string, '--yes')).toMatchObject({ code: 'not_your_file' })
    await alice.does('file', 'delete', id as string, '--yes')
    for (const person of [bob, carol]) await vi.waitFor(async () => expect((await person.does('files'))['files']).toEqual([]), { timeout: 20_000 })
  })

  it(`B1 B5: a sparse file of ${sparseGb} GB stays sparse, moves next to nothing, and comes whole`, async () => {
    await using world = new World()
    const [alice, bob] = await Promise.all([world.node('alice'), world.node('bob')])
    await alice.does('create', 'reef', '--as', 'alice')
    await bob.does('join', (await alice.does('invite'))['link'] as string, '--name', 'bob')
    const [path, copy] = [join(world.root, 'disk.img'), join(world.root, 'copy.img')]
    const size = sparseGb * 1_000_000_000
    const islands = [0, size / 3, size - 5_000].map((at) => ({ at: Math.floor(at), bytes: randomBytes(5_000) }))
    const file = openSync(path, 'w')
    ftruncateSync(file, size)
    for (const { at, bytes } of islands) writeSync(file, bytes, 0, bytes.length, at)
    closeSync(file)
    const { id } = await alice.does('share', path)
    await sees(bob, id)
    expect((await bob.does('get', id as string, '--save-to', copy))['fetched_bytes']).toBeLessThan(5_000_000)
    expect(statSync(copy).size).toBe(size)
    expect(statSync(copy).blocks * 512).toBeLessThan(5_000_000)
    for (const person of [alice, bob]) expect(diskBytes(join(person.home, 'blobs'))).toBeLessThan(5_000_000)
    const got = openSync(copy, 'r')
    for (const { at, bytes } of islands) {
      const read = Buffer.alloc(bytes.length)
      readSync(got, read, 0, read.length, at)
      expect(read.equals(bytes)).toBe(true)
    }
    closeSync(got)
    expect(await streamHash(copy)).toBe(await streamHash(path))
  }, long ? 1_800_000 : 180_000)
})
