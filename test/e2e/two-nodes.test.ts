import { chmodSync, cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { Person, World } from './world.ts'

const otherPath = async (person: Person): Promise<string> => ((await person.does('peers'))['peers'] as { you: boolean; path: string }[]).find(({ you }) => !you)?.path ?? 'none'

async function pair(world: World, listen?: string): Promise<{ alice: Person; bob: Person; relay: Awaited<ReturnType<World['relay']>> }> {
  const relay = await world.relay()
  const options = listen === undefined ? {} : { listen }
  const [alice, bob] = await Promise.all([world.node('alice', options), world.node('bob', options)])
  await alice.does('create', 'reef', '--as', 'alice', '--relay', relay.address)
  const { link } = await alice.does('invite', '--uses', '3')
  await bob.does('join', link as string, '--name', 'bob')
  await alice.inSync(1)
  return { alice, bob, relay }
}

describe('two nodes and a relay, as processes', () => {
  it('C3 C4: edits made apart meet again, and both sides say they are in sync only then', async () => {
    await using world = new World()
    const { alice, bob } = await pair(world)
    await alice.does('state', 'set', 'k', '1')
    await alice.inSync(1)
    await bob.does('config', 'set', 'network', 'off')
    await vi.waitFor(async () => expect(await otherPath(alice)).toBe('none'), { timeout: 30_000 })
    await alice.does('state', 'set', 'k', '"alice"')
    await bob.does('state', 'set', 'k', '"bob"')
    await bob.does('remember', 'written on a train')
    const { id } = await alice.does('send', 'bob', 'are you there?')
    expect(((await alice.does('message-status', id as string))['recipients'] as { state: string }[])[0]?.state).toBe('pending')
    await bob.does('config', 'set', 'network', 'on')
    await alice.inSync(1)
    await bob.inSync(1)
    const [a, b] = await Promise.all([alice.does('state', 'get', 'k'), bob.does('state', 'get', 'k')])
    expect(a).toEqual(b)
    expect(new Set([a['value'], (a['concurrent'] as { value: unknown }[])[0]?.value])).toEqual(new Set(['alice', 'bob']))
    expect((await alice.does('recall', 'train'))['notes']).toHaveLength(1)
    expect((await bob.does('inbox'))['messages']).toMatchObject([{ text: 'are you there?', from_member: 'alice' }])
    expect((await bob.does('inbox'))['messages']).toEqual([])
    await vi.waitFor(async () => expect(((await alice.does('message-status', id as string))['recipients'] as { state: string }[])[0]?.state).toBe('reached'), { timeout: 15_000 })
    for (const person of [alice, bob]) expect(await person.does('audit', 'verify')).toMatchObject({ ok: true, problems: [] })
  })

  it('C3: through the relay only, and directly when there is a way; the relay may go then', async () => {
    await using world = new World()
    const relayed = await pair(world, '')
    expect(await otherPath(relayed.bob)).toBe('relayed')
    await relayed.alice.does('state', 'set', 'k', '1')
    await relayed.alice.inSync(1)

    await using other = new World()
    const direct = await pair(other)
    await vi.waitFor(async () => expect(await otherPath(direct.bob)).toBe('direct:tcp'), { timeout: 30_000 })
    direct.relay.running.child.kill('SIGKILL')
    await direct.relay.running.finished
    await direct.bob.does('state', 'set', 'after', '"the relay"')
    await vi.waitFor(async () => expect(await direct.alice.does('state', 'get', 'after')).toMatchObject({ value: 'the relay' }), { timeout: 15_000 })
  })

  it('D4 C3: a profile restored from an older copy writes offline, then meets its newer self’s past: nothing is lost and no log forks', async () => {
    await using world = new World()
    const { alice, bob } = await pair(world)
    await bob.does('state', 'set', 'yesterday', '1')
    await alice.inSync(1)
    await bob.does('down')
    await bob.running?.finished
    cpSync(bob.home, join(world.root, 'copy'), { recursive: true })
    await bob.up()
    await bob.does('state', 'set', 'today', '2')
    await alice.inSync(1)
    await bob.does('down')
    await bob.running?.finished
    rmSync(bob.home, { recursive: true })
    cpSync(join(world.root, 'copy'), bob.home, { recursive: true })
    // As whoever restores a backup has to: the program refuses a profile that others may read.
    chmodSync(bob.home, 0o700)
    const restored = new Person('bob', bob.home, { ATOLL_NETWORK: 'off' })
    await restored.up()
    await restored.does('state', 'set', 'offline', '3')
    await restored.does('down')
    await restored.running?.finished
    await bob.up()
    await bob.inSync(1)
    for (const person of [alice, bob]) {
      for (const [key, value] of [['yesterday', 1], ['today', 2], ['offline', 3]] as const) expect(await person.does('state', 'get', key)).toMatchObject({ value })
      expect((await person.does('info'))['forks']).toEqual([])
      expect(await person.does('audit', 'verify')).toMatchObject({ ok: true })
    }
    await bob.does('down')
    await bob.running?.finished
  })

  it('T5 T6: whoever is removed is told, and reads nothing that is written afterwards', async () => {
    await using world = new World()
    const { alice, bob } = await pair(world)
    expect(await bob.fails('member', 'remove', 'alice', '--yes')).toMatchObject({ code: 'not_removable', status: 4 })
    await alice.does('member', 'remove', 'bob', '--yes')
    await alice.does('state', 'set', 'after', '"secret"')
    await vi.waitFor(async () => expect((await bob.fails('state', 'set', 'x', '1')).code).toBe('removed'), { timeout: 20_000 })
    expect((await bob.fails('state', 'get', 'after')).code).toBe('key_unknown')
  })
})

describe('links that are refused, each with its reason', () => {
  it('H1 T3: garbled, of another version, revoked, used up, expired, nobody online, joined already', async () => {
    await using world = new World()
    const { alice, bob, relay } = await pair(world)
    const carol = await world.node('carol')
    const { link, id } = await alice.does('invite')
    const text = link as string
    expect(await carol.fails('join', 'https://example.org')).toMatchObject({ code: 'link_malformed', status: 2 })
    expect(await carol.fails('join', `${text.slice(0, 40)}x${text.slice(41)}`)).toMatchObject({ code: 'link_malformed' })
    expect(await carol.fails('join', text.slice(0, -3))).toMatchObject({ code: 'link_malformed' })
    expect(await bob.fails('join', text)).toMatchObject({ code: 'already_joined', status: 6 })
    await alice.does('invite', 'revoke', id as string)
    expect(await carol.fails('join', text)).toMatchObject({ code: 'invite_revoked', status: 4 })
    const once = (await alice.does('invite', '--uses', '1'))['link'] as string
    await carol.does('join', once, '--name', 'carol')
    const dave = await world.node('dave')
    expect(await dave.fails('join', once)).toMatchObject({ code: 'invite_used_up', status: 4 })
    const short = await alice.does('invite', '--expires', '1s')
    const closed = async (): Promise<unknown> => ((await alice.does('invite', 'list'))['invites'] as { id: string; closed: string | null }[]).find(({ id: other }) => other === short['id'])?.closed
    await vi.waitFor(async () => expect(await closed()).toBe('expired'), { timeout: 20_000 })
    expect(await dave.fails('join', short['link'] as string)).toMatchObject({ code: 'invite_expired', status: 4 })
    const late = (await alice.does('invite'))['link'] as string
    for (const person of [alice, bob, carol]) {
      await person.does('down')
      await person.running?.finished
    }
    expect(await dave.fails('join', late)).toMatchObject({ code: 'nobody_online', status: 5 })
    relay.running.child.kill('SIGTERM')
    await relay.running.finished
    expect((await dave.fails('join', late)).status).toBe(5)
  })
})
