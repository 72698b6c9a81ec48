/** Two machines of one person, with real processes and a relay between them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startAtoll } from '../doubles/run-atoll.ts'
import { built, World, type Person } from './world.ts'

const codeIn = (said: string): string => /(\d{3}) (\d{3})/.exec(said)!.slice(1).join('')

/** Joins by a link on the new device while the old one confirms. */
async function linkOver(old: Person, fresh: Person, link: string, name: string): Promise<unknown> {
  const joining = startAtoll(built.program, fresh.home, ['join', '-', '--name', name, '--wait', '--json'], { stdin: `${link}\n` })
  expect(await old.does('device', 'wait')).toMatchObject({ name })
  const code = codeIn(await joining.saw('type this code on your other device: ', 'stderr'))
  expect(await old.fails('device', 'confirm', code === '000000' ? '000001' : '000000')).toMatchObject({ code: 'code_wrong', status: 4 })
  expect(await old.does('device', 'confirm', `${code.slice(0, 3)} ${code.slice(3)}`)).toMatchObject({ meshes: ['reef'] })
  const { status, stdout } = await joining.finished
  expect(status).toBe(0)
  return JSON.parse(stdout)
}

describe('a second device', () => {
  it('L1 L2: is linked through a relay, and on the local network without one, by the digits that it shows; its profile holds no root key', async () => {
    await using world = new World()
    const relay = await world.relay()
    const alice = await world.node('alice')
    await alice.does('create', 'reef', '--as', 'alice', '--relay', relay.address)
    await alice.does('state', 'set', 'mine', '"kept"')
    // Reachable through the relay only.
    const laptop = await world.node('laptop', { listen: '' })
    const { link, meshes } = await alice.does('device', 'link')
    expect([meshes, String(link).startsWith('atoll:device:')]).toEqual([['reef'], true])
    expect(await linkOver(alice, laptop, String(link), 'laptop')).toMatchObject({ ok: true, name: 'reef', member_name: 'alice', role: 'owner' })
    expect(await laptop.does('state', 'get', 'mine')).toMatchObject({ value: 'kept', by: 'alice' })
    await laptop.does('state', 'set', 'back', '1')
    await alice.inSync(1)
    const { devices } = await alice.does('device', 'list')
    expect((devices as { name: string | null; this: boolean; removable: boolean }[]).map(({ name, this: own, removable }) => `${name} ${own} ${removable}`).toSorted()).toEqual(['laptop false true', 'null true false'])
    expect((await laptop.does('member', 'list'))['members']).toHaveLength(1)
    expect(readdirSync(laptop.home)).not.toContain('recovery')
    expect(await laptop.fails('backup', join(world.root, 'none'), '--passphrase-file', '/dev/null')).toMatchObject({ code: 'root_gone' })

    // The link was good once, and no secret of it stands in a log.
    const third = await world.node('third')
    expect(await third.fails('join', String(link))).toMatchObject({ code: 'device_away', status: 5 })
    expect(await alice.fails('device', 'confirm', '123456')).toMatchObject({ code: 'device_link_closed' })
    const local = await world.node('local')
    await local.does('create', 'lagoon', '--as', 'al')
    const near = await local.does('device', 'link')
    const asked = third.fails('join', String(near['link']))
    expect(await local.does('device', 'wait')).toMatchObject({ device: (await third.does('status'))['device'] as string })
    await local.does('device', 'refuse')
    expect(await asked).toMatchObject({ code: 'device_link_closed', status: 4 })
    expect((await third.does('list'))['meshes']).toEqual([])
    for (const one of [alice, laptop, third, local]) {
      await one.down()
      const stopped = await one.running?.finished
      for (const secret of [String(link), String(near['link'])]) expect(`${stopped?.stdout}${stopped?.stderr}`.includes(secret.slice(-40))).toBe(false)
    }
    expect(readFileSync(join(alice.home, 'device.key'), 'utf8')).not.toBe(readFileSync(join(laptop.home, 'device.key'), 'utf8'))
  })
})
