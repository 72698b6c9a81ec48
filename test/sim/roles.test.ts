/** Stories of who may do what, told among whole peers with partitions. The cast is that of protocol descriptions. */
import { describe, expect, test } from 'vitest'
import { codeOf, never, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

describe('roles', () => {
  test('T3: a role is given by who has it, seen by all, and not by who has less', async () => {
    using world = new PeopleWorld('roles')
    const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer, SimPeer]
    expect(await codeOf(world.done(world.as(bob).members.setRole('carol', 'admin')))).toBe('role_refused')
    expect(await world.done(world.as(alice).members.setRole('bob', 'admin'))).toMatchObject({ before: 'member', role: 'admin', rotated: false })
    await world.time.advance(5_000)
    for (const peer of [alice, bob, carol]) expect((await world.member(peer, 'bob'))?.role).toBe('admin')
    await world.done(world.as(bob).members.setRole('carol', 'admin'))
    await world.time.advance(5_000)
    // Equals: Carol's role is not Bob's to lower, though Bob gave it; Alice, above both, takes it.
    expect(await codeOf(world.done(world.as(carol).members.setRole('bob', 'member')))).toBe('not_removable')
    expect(await codeOf(world.done(world.as(bob).members.setRole('alice', 'member')))).toBe('not_removable')
    expect(await codeOf(world.done(world.as(alice).members.setRole('alice', 'member')))).toBe('role_refused')
    expect(await world.done(world.as(alice).members.setRole('carol', 'guest'))).toMatchObject({ before: 'admin', role: 'guest', rotated: true })
    await world.time.advance(5_000)
    for (const peer of [alice, bob, carol]) expect((await world.member(peer, 'carol'))?.role).toBe('guest')
    expect(await world.setState(carol, 'k', 1)).toBe('not_permitted')
    expect(await world.setState(bob, 'k', 2)).toBe('done')
    await world.time.advance(5_000)
    expect(await world.getState(carol, 'k'), 'a guest reads under the new keys').toBe(2)
  })

  test('T4: what an admin does unaware of having been made a guest has no effect, what it did before stands', async () => {
    using world = new PeopleWorld('demoted')
    const [alice, bob, carol, dave] = (await world.people('alice', 'bob', 'carol', 'dave')) as [SimPeer, SimPeer, SimPeer, SimPeer]
    await world.done(world.as(alice).members.setRole('bob', 'admin'))
    await world.time.advance(5_000)
    await world.done(world.as(bob).members.rename('dave', 'david'))
    expect(await world.setState(bob, 'before', 'stands')).toBe('done')
    await world.time.advance(5_000)
    world.part([alice, carol], [bob, dave])
    await world.done(world.as(alice).members.setRole('bob', 'guest'))
    await world.done(world.as(bob).members.remove('david'))
    expect(await world.setState(bob, 'unaware', 'falls')).toBe('done')
    await world.time.advance(5_000)
    expect((await world.member(bob, 'david'))?.status).toBe('removed')
    await world.heal()
    for (const peer of [alice, bob, carol, dave]) {
      expect(await world.member(peer, 'david')).toMatchObject({ status: 'active', role: 'member' })
      expect(await world.member(peer, 'bob')).toMatchObject({ status: 'active', role: 'guest' })
      expect(await world.getState(peer, 'before')).toBe('stands')
      expect(await world.getState(peer, 'unaware')).toBeUndefined()
    }
  })

  test('T4: a removal says first who came in through the removed and stays; their open invites end', async () => {
    using world = new PeopleWorld('chain')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const carol = world.peer('carol')
    await world.invite(bob, carol, 'carol')
    const { link } = await world.done(world.as(bob).mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member' }))
    await world.time.advance(5_000)
    const told = { name: 'bob', devices: 1, admitted: [{ name: 'carol', role: 'member' }], invites: 1 }
    expect(await world.done(world.as(alice).members.remove('bob', true))).toMatchObject({ ...told, done: false, rotated: false })
    expect((await world.member(alice, 'bob'))?.status, 'a preview writes nothing').toBe('active')
    expect(await world.done(world.as(alice).members.remove('bob'))).toMatchObject({ ...told, done: true, rotated: true })
    await world.time.advance(5_000)
    expect(await world.member(alice, 'carol')).toMatchObject({ status: 'active' })
    expect(await world.setState(carol, 'k', 1)).toBe('done')
    const joins = world.as(world.peer('dave')).meshes.join({ link, name: 'dave', wait: false }, () => undefined, never)
    expect(await codeOf(world.done(joins))).not.toBe('done')
    expect(await world.member(alice, 'dave')).toBeUndefined()
  })

  test('T3: everybody names themselves, others are named by admins and owners alone', async () => {
    using world = new PeopleWorld('names')
    const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer, SimPeer]
    expect(await codeOf(world.done(world.as(bob).members.rename('carol', 'caroline')))).toBe('not_permitted')
    expect(await world.done(world.as(bob).members.rename('bob', 'robert'))).toMatchObject({ before: 'bob', name: 'robert' })
    await world.done(world.as(alice).members.rename('carol', 'caroline'))
    await world.time.advance(5_000)
    for (const peer of [alice, bob, carol]) expect((await world.done(world.as(peer).members.list())).map(({ name }) => name).sort()).toEqual(['alice', 'caroline', 'robert'])
  })
})
