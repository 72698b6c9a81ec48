/** Stories of machines without a person, which come in by a token and leave again. */
import { describe, expect, test } from 'vitest'
import { formatAccessToken, parseAccessToken, type AccessToken } from '../../crdt/members/access-token.ts'
import { encode, text as textOf } from '../../crdt/wire/codec.ts'
import { limits } from '../../crdt/wire/limits.ts'
import type { MeshId } from '../../crdt/wire/ids.ts'
import type { KnownToken, Role } from '../../node/ports/services.ts'
import { TokenRun } from '../../node/peer/services/token-run.ts'
import { codeOf, never, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

const day = 86_400_000

interface Making {
  readonly name?: string
  readonly role?: Role
  readonly scopes?: readonly string[]
  readonly expires_in_ms?: number
}

async function make(world: PeopleWorld, by: SimPeer, { name = 'ci', role = 'service', scopes = [], expires_in_ms = 30 * day }: Making = {}): Promise<AccessToken> {
  const made = await world.done(world.as(by).tokens.create({ name, role, expires_in_ms, scopes }))
  const parsed = parseAccessToken(`\n${made.token} `)
  if (!parsed.ok) throw new Error('no token')
  expect(parsed.token).toMatchObject({ name, scopes, expires: made.expires_at, maker: by.device })
  await world.time.advance(5_000)
  return parsed.token
}

/** A run on a profile of that name: empty where there was none. */
async function run(world: PeopleWorld, profile: string, token: AccessToken): Promise<{ peer: SimPeer; run: TokenRun }> {
  const peer = world.peer(profile)
  peer.start()
  const begun = new TokenRun(peer.peer!, token)
  await world.done(begun.enter(() => undefined, never), 600_000)
  await world.time.advance(5_000)
  return { peer, run: begun }
}

async function end({ peer, run: running }: { peer: SimPeer; run: TokenRun }, world: PeopleWorld): Promise<boolean> {
  const left = await world.done(running.leave())
  await world.done(peer.stop())
  await world.time.advance(10_000)
  return left
}

const listed = async (world: PeopleWorld, by: SimPeer): Promise<readonly KnownToken[]> => world.done(world.as(by).tokens.list())
const devicesOf = async (world: PeopleWorld, seenBy: SimPeer, name: string): Promise<string[]> => ((await world.member(seenBy, name))?.devices ?? []).map(({ device }) => device).sort()

describe('a machine with a token', () => {
  test('K1 K2: comes in from an empty profile as a new device of one member, twice, two at a time too, and leaves none behind', async () => {
    using world = new PeopleWorld('ci')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    expect(await world.setState(alice, 'config', 'ready')).toBe('done')
    const token = await make(world, alice)
    expect(await listed(world, bob)).toMatchObject([{ name: 'ci', role: 'service', by: 'alice', status: 'open', last_used: null, devices: 0, scopes: [] }])

    const first = await run(world, 'run 1', token)
    expect(await world.getState(first.peer, 'config')).toBe('ready')
    expect(await world.setState(first.peer, 'built', 1)).toBe('done')
    await world.time.advance(5_000)
    expect(await world.done(world.as(bob).state.get('built'))).toMatchObject({ value: 1, by: 'ci' })
    expect(await devicesOf(world, bob, 'ci'), 'the device it was admitted with is gone').toEqual([first.peer.device])
    const mesh = token.mesh as MeshId
    expect(first.peer.disk.profile('', () => true).keptRoot(mesh), 'the root key is kept nowhere').toBeUndefined()
    const second = await run(world, 'run 2', token)
    expect(await devicesOf(world, bob, 'ci')).toEqual([first.peer.device, second.peer.device].sort())
    expect(await listed(world, alice)).toMatchObject([{ devices: 2 }])
    expect(await end(first, world)).toBe(true)
    expect(await world.setState(second.peer, 'built', 2)).toBe('done')
    expect(await end(second, world)).toBe(true)
    const third = await run(world, 'run 3', token)
    expect(await world.getState(third.peer, 'built')).toBe(2)
    expect(await devicesOf(world, alice, 'ci')).toEqual([third.peer.device])
    expect(await end(third, world)).toBe(true)
    expect(await devicesOf(world, alice, 'ci')).toEqual([])
    expect((await world.done(world.as(alice).members.list())).map(({ name, role, status }) => `${name} ${role} ${status}`).sort()).toEqual(['alice owner active', 'bob member active', 'ci service active'])
    const [known] = await listed(world, alice)
    expect([known?.devices, known?.last_used === null]).toEqual([0, false])
    // What a run that has left still holds opens nothing that comes.
    expect(await world.setState(alice, 'later', 'secret')).toBe('done')
    first.peer.start()
    await world.time.advance(30_000)
    expect(await world.getState(first.peer, 'later')).toBeUndefined()
    expect(await world.setState(first.peer, 'k', 1)).toBe('removed')
    expect(new TokenRun(first.peer.peer!, token).isSpent).toBe(true)
  })

  test('K2 D1: one that was killed goes on where it was on its profile, and is tidied away by a later run where it never comes back', async () => {
    using world = new PeopleWorld('killed')
    const [alice] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const token = await make(world, alice)
    const killed = await run(world, 'kept disk', token)
    world.part([killed.peer], world.peers.filter((peer) => peer !== killed.peer))
    expect(await world.setState(killed.peer, 'written', 'unseen')).toBe('done')
    expect(await world.done(killed.run.leave()), 'nobody else holds it yet').toBe(false)
    killed.peer.crash({ silent: true })
    await world.heal()
    const again = await run(world, 'kept disk', token)
    await world.time.advance(5_000)
    expect(await world.getState(alice, 'written')).toBe('unseen')
    expect(await devicesOf(world, alice, 'ci')).toEqual([again.peer.device])
    again.peer.crash({ silent: true })
    await world.time.advance(3_600_000)
    const soon = await run(world, 'soon', token)
    expect(await devicesOf(world, alice, 'ci'), 'it may come back yet').toHaveLength(2)
    soon.peer.crash({ silent: true })
    await world.time.advance(2 * day)
    const late = await run(world, 'late', token)
    expect(await devicesOf(world, alice, 'ci')).toEqual([late.peer.device])
  })

  test('K3 T6: a token that was revoked lets nobody in, and who runs by it is out', async () => {
    using world = new PeopleWorld('revoked')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const token = await make(world, alice)
    const running = await run(world, 'run', token)
    expect(await world.done(world.as(alice).tokens.revoke('ci'))).toMatchObject({ name: 'ci', devices: 1, rotated: true })
    expect(await world.setState(alice, 'secret', 1)).toBe('done')
    await world.time.advance(10_000)
    expect(await world.setState(running.peer, 'k', 1)).toBe('removed')
    expect(await world.getState(running.peer, 'secret')).toBeUndefined()
    expect(await listed(world, bob)).toMatchObject([{ status: 'revoked', devices: 0 }])
    const peer = world.peer('fresh')
    expect(await codeOf(world.done(new TokenRun(peer.peer!, token).enter(() => undefined, never)))).toBe('token_revoked')
    expect(await world.done(world.as(peer).meshes.list())).toEqual([])
    expect(await codeOf(world.done(world.as(alice).tokens.revoke('ci')))).toBe('token_unknown')
    // The name is free again.
    await make(world, alice)
    expect(await codeOf(make(world, alice))).toBe('name_invalid')
  })

  test('K3: one that has expired is refused by its own node, and removed by its maker’s; while that is away, by another that may', async () => {
    using world = new PeopleWorld('expired')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    await world.done(world.as(alice).members.setRole('bob', 'admin'))
    await world.time.advance(5_000)
    const token = await make(world, alice, { expires_in_ms: 600_000 })
    const other = await make(world, alice, { name: 'nightly', expires_in_ms: 1_200_000 })
    const running = await run(world, 'run', token)
    await world.time.advance(590_000)
    expect(await world.setState(running.peer, 'k', 1)).toBe('removed')
    expect(await world.member(alice, 'ci')).toMatchObject({ status: 'removed' })
    expect(await codeOf(world.done(new TokenRun(world.peer('late').peer!, token).enter(() => undefined, never)))).toBe('token_expired')
    await world.done(alice.stop())
    await world.time.advance(600_000)
    expect(await world.member(bob, 'nightly'), 'the maker has a minute').toMatchObject({ status: 'active' })
    await world.time.advance(120_000)
    expect(await world.member(bob, 'nightly')).toMatchObject({ status: 'removed' })
    expect((await listed(world, bob)).map(({ name, status }) => `${name} ${status}`).sort()).toEqual(['ci expired', 'nightly expired'])
    expect(other.name).toBe('nightly')
  })

  test('K4: what its scopes leave out every peer denies it, where a steward made it; nobody gives more than they have', async () => {
    using world = new PeopleWorld('scopes')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const made = await world.done(world.as(alice).tokens.create({ name: 'narrow', role: 'service', expires_in_ms: day, scopes: ['state.read', 'state.write'] }))
    expect(made.enforced).toEqual(['memory.write', 'document.write', 'file.write', 'message.send'])
    const parsed = parseAccessToken(made.token)
    if (!parsed.ok) throw new Error('no token')
    const narrow = await run(world, 'narrow', parsed.token)
    expect(await world.setState(narrow.peer, 'k', 1)).toBe('done')
    expect(await codeOf(world.done(world.as(narrow.peer).memory.remember({ text: 'no', tags: [] })))).toBe('denied')
    // A member makes them too, by an invite to itself; its tokens are named by their first run.
    const token = await make(world, bob, { name: 'bot', role: 'member' })
    const bot = await run(world, 'bot', token)
    expect(await world.member(alice, 'bot')).toMatchObject({ role: 'member', admitted_by: 'bob', status: 'active', devices: [{ device: bot.peer.device }] })
    expect(await codeOf(world.done(world.as(bob).tokens.create({ name: 'x', role: 'admin', expires_in_ms: day, scopes: [] })))).toBe('not_permitted')
    expect(await codeOf(world.done(world.as(narrow.peer).tokens.create({ name: 'x', role: 'guest', expires_in_ms: day, scopes: [] })))).toBe('not_permitted')
    expect(await world.done(world.as(bob).tokens.revoke('bot'))).toMatchObject({ devices: 1 })
    await world.time.advance(5_000)
    expect(await world.setState(bot.peer, 'k', 2)).toBe('removed')
  })

  test('K1 H1: waits for somebody who is online, and says so when that takes too long', async () => {
    using world = new PeopleWorld('alone')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const token = await make(world, alice)
    await world.done(Promise.all([alice.setOnline(false), bob.setOnline(false)]))
    const impatient = new AbortController()
    const peer = world.peer('early')
    const trying = codeOf(new TokenRun(peer.peer!, token).enter(() => undefined, impatient.signal))
    await world.time.advance(20_000)
    impatient.abort()
    expect(await world.done(trying)).toBe('nobody_online')
    const coming = run(world, 'early', token)
    const online = bob.setOnline(true)
    await world.done(Promise.all([coming, online]), 600_000)
    expect(await world.member(bob, 'ci')).toMatchObject({ status: 'active' })
  })

  test('K1: is told that a profile is a person’s, and changes nothing there', async () => {
    using world = new PeopleWorld('a person’s')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const token = await make(world, alice)
    expect(await codeOf(world.done(new TokenRun(bob.peer!, token).enter(() => undefined, never)))).toBe('token_profile')
    expect(await world.member(alice, 'bob')).toMatchObject({ status: 'active', devices: [{ device: bob.device }] })
  })

  test('K3: what a member writes down of others as if they were tokens of its own removes nobody', async () => {
    using world = new PeopleWorld('slander')
    const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer, SimPeer]
    const mesh = (await world.done(world.as(alice).meshes.list()))[0]!.mesh as MeshId
    const [bobs, carols] = [bob, carol].map((peer) => peer.replica(mesh)!.membership.memberOf(peer.device)!)
    const value = JSON.stringify({ name: 'carol', expires: 1, scopes: [], first: '0'.repeat(64) })
    await world.done(bob.replica(mesh)!.write([{ type: 'set', doc: 'members', key: `${bobs!}/token/${carols!}`, value }]))
    expect(await codeOf(world.done(bob.replica(mesh)!.write([{ type: 'set', doc: 'members', key: `${carols!}/token/${bobs!}`, value }])))).toBe('not_permitted')
    await world.time.advance(300_000)
    expect(await listed(world, alice)).toEqual([])
    expect(await world.member(alice, 'carol')).toMatchObject({ status: 'active' })
  })
})

describe('the word', () => {
  test('K1 T8 T10: is read whole or refused, whatever is wrong with it', () => {
    const hex = (digit: string): never => digit.repeat(64) as never
    const token: AccessToken = { mesh: hex('1'), seed: new Uint8Array(32).fill(2), admitted: hex('3'), maker: hex('4'), addresses: ['/ip4/192.0.2.1/tcp/4001'], name: 'ci', expires: 1_800_000_000_000, scopes: ['state.read'] }
    const word = formatAccessToken(token)
    expect(parseAccessToken(word)).toEqual({ ok: true, token })
    for (let at = 0; at < word.length; at++) {
      const changed = word[at] === 'A' ? 'B' : 'A'
      expect([word.slice(0, at) + changed + word.slice(at + 1), word.slice(0, at) + word.slice(at + 1), word.slice(0, at)].map((one) => parseAccessToken(one).ok)).toEqual([false, false, false])
    }
    const many = (count: number): string => formatAccessToken({ ...token, scopes: Array.from({ length: count }, () => 'x'.repeat(limits.scopeBytes)), name: 'n'.repeat(limits.nameBytes), addresses: Array.from({ length: limits.relaysPerLink }, () => 'a'.repeat(limits.addressBytes)) })
    expect(parseAccessToken(many(limits.scopesPerToken)).ok).toBe(true)
    expect(many(limits.scopesPerToken).length).toBeLessThanOrEqual(limits.tokenBytes)
    expect(() => many(limits.scopesPerToken + 1)).toThrow('32')
    expect(() => encode(textOf(limits.scopeBytes), 'x'.repeat(limits.scopeBytes + 1))).toThrow('64')
    expect(parseAccessToken(' '.repeat(limits.tokenBytes) + word)).toMatchObject({ ok: false, problem: 'malformed', why: 'it is too long' })
  })
})
