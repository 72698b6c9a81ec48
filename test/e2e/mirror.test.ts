/**
 * A mirror stores and forwards and can read nothing: canaries go through everything that people do, its memory and disk
 * are searched for them and for every content key, and somebody who was away gets all of it from the mirror alone.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { derive } from '../../crdt/crypto/hash.ts'
import { toHex, type MeshId } from '../../crdt/wire/ids.ts'
import { domains } from '../../crdt/wire/protocols.ts'
import { openSqliteStore } from '../../node/host/sqlite-store.ts'
import { allRows } from '../../node/peer/replica/rows.ts'
import { requires } from '../requires.ts'
import { filesIn, holds, processMemory } from './search-process.ts'
import { World, type Person } from './world.ts'

const canary = (what: string): string => `CANARY-${what}-8c2d`
const names = { alice: 'Alice-NAME-71', carol: 'Carol-NAME-72', mallory: 'Mallory-NAME-73', mesh: 'Mesh-NAME-74' }

describe.skipIf(!requires('root'))('a mirror', () => {
  // Much memory is searched, for much.
  it('T1 T6 C3: no canary, name or content key is in its memory or on its disk, and who was away gets all from it alone', async () => {
    await using world = new World()
    const [alice, carol, mallory, mirror] = await Promise.all(['alice', 'carol', 'mallory', 'mirror'].map((name) => world.node(name))) as [Person, Person, Person, Person]
    const { mesh } = await alice.does('create', names.mesh, '--as', names.alice)
    const { link } = await alice.does('invite', '--uses', '2')
    await carol.does('join', link as string, '--name', names.carol)
    await mallory.does('join', link as string, '--name', names.mallory)
    await mirror.does('join', (await alice.does('invite', '--role', 'mirror'))['link'] as string)
    await Promise.all([alice.inSync(3), carol.inSync(3)])
    await carol.down()

    await alice.does('state', 'set', canary('key'), JSON.stringify(canary('value')))
    await alice.does('state', 'set', canary('gone'), '1')
    await alice.does('state', 'delete', canary('gone'))
    await alice.does('remember', canary('note'), '--tags', canary('tag').toLowerCase())
    await alice.does('doc', 'create', canary('title'), '--text', canary('text'))
    await alice.does('send', names.carol, canary('direct'))
    await mallory.does('send', '*', canary('broadcast'))
    const path = join(world.root, 'shared')
    writeFileSync(path, canary('content'))
    const file = String((await alice.does('share', path, '--name', canary('file')))['id'])
    await alice.inSync(2)
    await alice.does('member', 'remove', names.mallory, '--yes')
    await mallory.down()
    await alice.does('rotate')
    await alice.does('state', 'set', canary('later'), JSON.stringify(canary('after')))
    await alice.does('doc', 'append', canary('title'), canary('line'))
    // It is not asked by name: a question would bring the canary there.
    expect((await mirror.does('state', 'list'))['values']).toEqual([])
    expect((await mirror.does('info'))['epoch']).toBe('')
    expect(await mirror.fails('state', 'set', 'mine', '1')).toMatchObject({ code: 'not_permitted' })
    await alice.inSync(1)

    const control = search(alice)
    await alice.down()
    const keys = contentKeys(alice, mesh as MeshId)
    // The founding, the removal and the renewal by hand each have one.
    expect(keys.length).toBeGreaterThanOrEqual(9)
    const before = search(mirror)
    // What it forwards comes from its disk.
    await mirror.down()
    await mirror.up()
    await carol.up()
    await vi.waitFor(async () => expect((await carol.does('state', 'get', canary('later')))['value']).toBe(canary('after')), { timeout: 60_000 })
    await carol.inSync(1)
    expect((await carol.does('state', 'get', canary('key')))['value']).toBe(canary('value'))
    expect(await carol.fails('state', 'get', canary('gone'))).toMatchObject({ code: 'key_unknown' })
    expect(JSON.stringify(await carol.does('recall', canary('note').toLowerCase()))).toContain(canary('note'))
    expect((await carol.does('doc', 'show', canary('title')))['text']).toBe(`${canary('text')}\n${canary('line')}`)
    const inbox = JSON.stringify(await carol.does('inbox'))
    for (const said of ['direct', 'broadcast']) expect(inbox).toContain(canary(said))
    expect((await carol.does('files'))['files']).toMatchObject([{ id: file, name: canary('file') }])
    const members = (await carol.does('member', 'list'))['members'] as { name: string; role: string; status: string }[]
    expect(members.map(({ name, role, status }) => `${status === 'active' ? role : status} ${name}`)).toEqual(expect.arrayContaining([`owner ${names.alice}`, `removed ${names.mallory}`]))
    expect((await carol.does('peers'))['peers']).toEqual(expect.arrayContaining([expect.objectContaining({ name: names.alice, online: false }), expect.objectContaining({ role: 'mirror', online: true, synced: true })]))

    const after = search(mirror)
    for (const what of [control, search(carol)]) {
      for (const text of ['CANARY-', names.alice]) expect(what.has(text), `the search finds what is there: ${text}`).toEqual({ memory: true, disk: true })
      // A key that members hold, in their memory and, once they are asked again, on their disk.
      expect(keys.some((key) => what.hasBytes(key).memory && what.hasBytes(key).disk), 'the search finds keys').toBe(true)
    }
    for (const [when, what] of [['at first', before], ['after it forwarded', after]] as const) {
      for (const text of ['CANARY-', 'canary-', ...Object.values(names), link as string]) expect(what.has(text), `the mirror ${when} holds ${text}`).toEqual({ memory: false, disk: false })
      keys.forEach((key, i) => expect(what.hasBytes(key), `the mirror ${when} holds key ${i}`).toEqual({ memory: false, disk: false }))
    }
  }, 300_000)
})

interface Found {
  readonly memory: boolean
  readonly disk: boolean
}

/** Takes what a person's node holds now. */
function search(person: Person): { has(text: string): Found; hasBytes(bytes: Uint8Array): Found } {
  const empty = Buffer.alloc(1 << 24)
  const memory = processMemory(person.running?.child.pid as number).filter((part) => empty.compare(part, 0, part.length, 0, part.length) !== 0)
  const disk = filesIn(person.home).map((path) => readFileSync(path))
  const found = (matches: (bytes: Buffer) => boolean): Found => ({ memory: memory.some(matches), disk: disk.some(matches) })
  return {
    has: (text) => found((bytes) => holds(bytes, text)),
    hasBytes: (wanted) => found((bytes) => bytes.includes(Buffer.from(wanted)) || bytes.includes(toHex(wanted))),
  }
}

/** Every epoch's secret that a stopped node has, and the keys that are made of it. */
function contentKeys({ home }: Person, mesh: MeshId): Uint8Array[] {
  const store = openSqliteStore({ path: join(home, 'meshes', mesh, 'mesh.db'), readOnly: true })
  const secrets = [...allRows(store, 'epoch')].map(([, secret]) => secret)
  store.close()
  return secrets.flatMap((secret) => [secret, derive(domains.bodyKey, secret), derive(domains.fileKey, secret), derive(domains.whisperKey, secret)])
}
