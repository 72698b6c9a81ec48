/** Stories of permissions per member and of who edits which field of a profile, among whole peers with partitions. */
import { describe, expect, test } from 'vitest'
import { codeOf, never, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

/** What one sees of state, members with their exceptions, and profiles: the same at everybody who holds the same (rule C1). */
async function seen(world: PeopleWorld, at: SimPeer): Promise<unknown> {
  const { state, members, profiles } = world.as(at)
  const all = await world.done(members.list())
  return {
    state: (await world.done(state.list({ limit: 100 }))).values.map(({ key, value, concurrent }) => ({ key, value, concurrent })),
    members: all.map(({ member, name, role, status, exceptions }) => ({ member, name, role, status, exceptions })),
    profiles: await Promise.all(all.map(async ({ member }) => ({ ...(await world.done(profiles.show(member))), you: false, editable: [] }))),
    fields: await world.done(profiles.policy()),
  }
}

async function expectSame(world: PeopleWorld, ...peers: readonly SimPeer[]): Promise<void> {
  const [first, ...others] = await Promise.all(peers.map((peer) => seen(world, peer)))
  for (const other of others) expect(other).toEqual(first)
}

const exceptionsOf = async (world: PeopleWorld, at: SimPeer, name: string): Promise<readonly string[] | undefined> => (await world.member(at, name))?.exceptions.map(({ permission, choice }) => `${choice} ${permission}`)

/** The texts of the audit's entries of a kind. */
async function told(world: PeopleWorld, at: SimPeer, kind: 'exception_made' | 'profile_policy_set' | 'state_set'): Promise<{ text: string; void: string | null }[]> {
  const { entries } = await world.done(world.as(at).audit.query({ newest_first: false, limit: 100, kinds: new Set([kind]) }, () => undefined, never))
  return entries.map(({ by, changes, void: why }) => ({ text: `${by} ${changes.map(({ text }) => text).join()}`, void: why }))
}

describe('policies', () => {
  test('P1 P2: what a member writes in a partition before it hears that it is denied stands, what follows does not, and the same everywhere', async () => {
    using world = new PeopleWorld('denied-apart')
    const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer, SimPeer]
    world.part([alice], [bob, carol])
    expect(await world.done(world.as(alice).members.except('bob', 'state.write', 'deny'))).toMatchObject({ before: 'default', choice: 'deny', may: false })
    expect(await world.setState(bob, 'unaware', 'stands')).toBe('done')
    await world.time.advance(5_000)
    await world.heal()
    expect(await world.setState(bob, 'aware', 'refused')).toBe('denied')
    expect(await codeOf(world.done(world.as(bob).memory.remember({ text: 'what is not denied is done', tags: [] })))).toBe('done')
    await world.time.advance(5_000)
    for (const peer of [alice, bob, carol]) {
      expect([await world.getState(peer, 'unaware'), await world.getState(peer, 'aware')]).toEqual(['stands', undefined])
      expect(await exceptionsOf(world, peer, 'bob')).toEqual(['deny state.write'])
    }
    await expectSame(world, alice, bob, carol)
    await world.done(world.as(alice).members.except('bob', 'state.write', 'default'))
    await world.time.advance(5_000)
    expect(await world.setState(bob, 'aware', 'again')).toBe('done')
    await world.time.advance(5_000)
    expect(await told(world, carol, 'exception_made')).toEqual([{ text: 'alice denied bob state.write', void: null }, { text: 'alice left state.write to the role of bob', void: null }])
    await expectSame(world, alice, bob, carol)
  })

  test('P2: of an allowance and a denial that did not know of each other the denial is in force, until one that knows of both', async () => {
    using world = new PeopleWorld('two-admins')
    const [alice, bob, carol, dave] = (await world.people('alice', 'bob', 'carol', 'dave')) as [SimPeer, SimPeer, SimPeer, SimPeer]
    for (const name of ['bob', 'carol']) await world.done(world.as(alice).members.setRole(name, 'admin'))
    await world.done(world.as(alice).members.setRole('dave', 'guest'))
    await world.time.advance(10_000)
    world.part([alice, bob, dave], [carol])
    await world.done(world.as(carol).members.except('dave', 'state.write', 'deny'))
    await world.time.advance(1_000)
    await world.done(world.as(bob).members.except('dave', 'state.write', 'allow'))
    await world.time.advance(5_000)
    expect(await world.setState(dave, 'meanwhile', 'stands')).toBe('done')
    await world.time.advance(5_000)
    await world.heal()
    for (const peer of [alice, bob, carol, dave]) {
      expect(await exceptionsOf(world, peer, 'dave')).toEqual(['deny state.write'])
      expect(await world.getState(peer, 'meanwhile')).toBe('stands')
    }
    expect(await world.setState(dave, 'after', 1)).toBe('denied')
    await world.done(world.as(bob).members.except('dave', 'state.write', 'allow'))
    await world.time.advance(5_000)
    expect(await world.setState(dave, 'after', 2)).toBe('done')
    await world.time.advance(5_000)
    expect(await world.getState(carol, 'after')).toBe(2)
    await expectSame(world, alice, bob, carol, dave)
  })

  test('P2 T4: what an admin allows outside the past of its removal has no effect, nor has what was written by that', async () => {
    using world = new PeopleWorld('removed-admin')
    const [alice, bob, carol, dave] = (await world.people('alice', 'bob', 'carol', 'dave')) as [SimPeer, SimPeer, SimPeer, SimPeer]
    await world.done(world.as(alice).members.setRole('bob', 'admin'))
    await world.done(world.as(alice).members.setRole('dave', 'guest'))
    await world.time.advance(10_000)
    world.part([alice, carol], [bob, dave])
    await world.done(world.as(alice).members.remove('bob'))
    await world.done(world.as(bob).members.except('dave', 'state.write', 'allow'))
    await world.done(world.as(bob).members.except('carol', 'state.write', 'deny'))
    await world.time.advance(5_000)
    expect(await world.setState(dave, 'by leave of bob', 1)).toBe('done')
    await world.time.advance(5_000)
    await world.heal()
    for (const peer of [alice, carol, dave]) {
      expect(await world.getState(peer, 'by leave of bob')).toBeUndefined()
      expect([await exceptionsOf(world, peer, 'dave'), await exceptionsOf(world, peer, 'carol')]).toEqual([[], []])
    }
    expect([await world.setState(dave, 'k', 1), await world.setState(carol, 'k', 2)]).toEqual(['not_permitted', 'done'])
    await world.time.advance(5_000)
    expect((await told(world, carol, 'exception_made')).map((one) => one.void !== null)).toEqual([true, true])
    expect(await told(world, carol, 'state_set')).toEqual([{ text: 'dave set by leave of bob', void: expect.stringContaining('does not stand') as string }, { text: 'carol set k', void: null }])
    await expectSame(world, alice, carol, dave)
  })

  test('P1: a guest who is allowed it sends messages and edits documents; who is denied it is told so on every way', async () => {
    using world = new PeopleWorld('guests')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const eve = world.peer('eve')
    await world.invite(alice, eve, 'eve', 'guest')
    await world.time.advance(5_000)
    const send = (by: SimPeer): Promise<unknown> => codeOf(world.done(world.as(by).messages.send({ to: ['alice'], text: 'hello', priority: 'next' })))
    const write = (by: SimPeer): Promise<unknown> => codeOf(world.done(world.as(by).documents.create({ title: `of ${by.name}`, text: 'reef', part: 'content' })))
    expect([await send(eve), await write(eve), await send(bob), await write(bob)]).toEqual(['not_permitted', 'not_permitted', 'done', 'done'])
    for (const permission of ['message.send', 'document.write'] as const) {
      await world.done(world.as(alice).members.except('eve', permission, 'allow'))
      await world.done(world.as(alice).members.except('bob', permission, 'deny'))
    }
    await world.time.advance(5_000)
    expect([await send(eve), await write(eve), await send(bob), await write(bob)]).toEqual(['done', 'done', 'denied', 'denied'])
    await world.time.advance(5_000)
    expect((await world.done(world.as(alice).documents.list())).map(({ title }) => title).sort()).toEqual(['of bob', 'of eve'])
    expect(await world.setState(eve, 'k', 1), 'nothing else').toBe('not_permitted')
    expect(await codeOf(world.done(world.as(eve).members.except('bob', 'state.write', 'deny'))), 'and no authority').not.toBe('done')
  })

  test('P3: nobody frees themselves, equals and those above are left alone, and a denied admin still removes', async () => {
    using world = new PeopleWorld('ranks')
    const [alice, bob, carol, dave] = (await world.people('alice', 'bob', 'carol', 'dave')) as [SimPeer, SimPeer, SimPeer, SimPeer]
    for (const name of ['bob', 'carol']) await world.done(world.as(alice).members.setRole(name, 'admin'))
    await world.done(world.as(alice).members.except('bob', 'state.write', 'deny'))
    await world.time.advance(5_000)
    const tries = (by: SimPeer, name: string): Promise<unknown> => codeOf(world.done(world.as(by).members.except(name, 'state.write', 'default')))
    expect([await tries(bob, 'bob'), await tries(carol, 'bob'), await tries(carol, 'alice'), await tries(dave, 'bob')]).toEqual(Array(4).fill('exception_refused'))
    expect(await world.setState(bob, 'k', 1)).toBe('denied')
    expect(await world.done(world.as(bob).members.remove('dave'))).toMatchObject({ done: true, rotated: true })
    await world.time.advance(5_000)
    expect(await exceptionsOf(world, carol, 'bob')).toEqual(['deny state.write'])
    // An exception is about the member: it outlives a change of role.
    expect(await world.done(world.as(alice).members.setRole('bob', 'member'))).toMatchObject({ exceptions: [{ permission: 'state.write', choice: 'deny' }] })
    expect(await world.setState(bob, 'k', 1)).toBe('denied')
    await world.done(world.as(alice).members.setRole('bob', 'mirror'))
    expect(await codeOf(world.done(world.as(alice).members.except('bob', 'state.write', 'allow'))), 'who holds no keys writes nothing').toBe('exception_refused')
  })

  test('P4: a field that policy leaves to owners and admins is edited by them alone; what was written before stays', async () => {
    using world = new PeopleWorld('profiles')
    const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer, SimPeer]
    const set = (by: SimPeer, field: 'name' | 'title' | 'bio' | 'avatar' | 'capabilities', value: string, name?: string): Promise<unknown> => codeOf(world.done(world.as(by).profiles.set({ field, value, name })))
    expect([await set(bob, 'title', 'diver'), await set(bob, 'bio', 'Lives on the reef.'), await set(bob, 'avatar', '🐠'), await set(bob, 'capabilities', 'diving, charts,diving')]).toEqual(Array(4).fill('done'))
    expect(await set(bob, 'bio', 'x', 'carol')).toBe('not_permitted')
    world.part([alice], [bob, carol])
    expect(await world.done(world.as(alice).profiles.setPolicy('title', 'stewards'))).toEqual({ field: 'title', before: 'self', editors: 'stewards' })
    expect(await set(carol, 'title', 'written unaware')).toBe('done')
    await world.heal()
    expect([await set(bob, 'title', 'captain'), await set(bob, 'bio', 'Still on the reef.'), await set(alice, 'title', 'keeper', 'bob')]).toEqual(['not_permitted', 'done', 'done'])
    await world.time.advance(5_000)
    for (const peer of [alice, bob, carol]) {
      expect(await world.done(world.as(peer).profiles.show('bob'))).toMatchObject({ title: 'keeper', bio: 'Still on the reef.', avatar: '🐠', capabilities: ['diving', 'charts'] })
      expect(await world.done(world.as(peer).profiles.show('carol'))).toMatchObject({ title: 'written unaware' })
    }
    expect((await world.done(world.as(bob).profiles.show(undefined))).editable).toEqual(['name', 'bio', 'avatar', 'capabilities'])
    expect(await set(bob, 'bio', '')).toBe('done')
    await world.time.advance(5_000)
    expect((await world.done(world.as(carol).profiles.show('bob'))).bio).toBeNull()
    expect(await told(world, bob, 'profile_policy_set')).toEqual([{ text: "alice left everybody's title to owners and admins", void: null }])
    await expectSame(world, alice, bob, carol)
  })

  test('P4 H1: where names are left to owners and admins, who joins is told to ask for one', async () => {
    using world = new PeopleWorld('newcomers')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    await world.done(world.as(alice).profiles.setPolicy('name', 'stewards'))
    await world.time.advance(5_000)
    expect(await codeOf(world.done(world.as(bob).members.rename('bob', 'robert')))).toBe('not_permitted')
    const dave = world.peer('dave')
    const { link } = await world.done(world.as(alice).mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member' }))
    const joined = await world.done(world.as(dave).meshes.join({ link, name: 'dave', wait: true }, () => undefined, never))
    expect(joined).toMatchObject({ member_name: `member-${joined.member.slice(0, 6)}`, note: expect.stringContaining('ask one of them to name you') as string })
    await world.done(world.as(alice).members.rename(joined.member, 'dave'))
    await world.time.advance(5_000)
    for (const peer of [alice, bob, dave]) expect((await world.member(peer, 'dave'))?.member).toBe(joined.member)
  })
})
