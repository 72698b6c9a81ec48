/** Stories of removal and leaving, among whole peers with partitions. The cast is that of protocol descriptions; Mallory means harm. */
import { describe, expect, test } from 'vitest'
import { codeOf, never, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

type Cast<N extends number, Sofar extends SimPeer[] = []> = Sofar['length'] extends N ? Sofar : Cast<N, [...Sofar, SimPeer]>

const statuses = async (world: PeopleWorld, at: SimPeer): Promise<Record<string, string>> =>
  Object.fromEntries((await world.done(world.as(at).members.list())).map(({ name, role, status }) => [name, status === 'active' ? role : status]))

describe('removal', () => {
  test('T5: equals do not remove each other, whoever tries first', async () => {
    using world = new PeopleWorld('equals')
    const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as Cast<3>
    for (const name of ['bob', 'carol']) await world.done(world.as(alice).members.setRole(name, 'admin'))
    await world.time.advance(5_000)
    world.part([alice, bob], [carol])
    expect(await codeOf(world.done(world.as(bob).members.remove('carol')))).toBe('not_removable')
    expect(await codeOf(world.done(world.as(carol).members.remove('bob')))).toBe('not_removable')
    await world.heal()
    for (const peer of [alice, bob, carol]) expect(await statuses(world, peer)).toEqual({ alice: 'owner', bob: 'admin', carol: 'admin' })
  })

  test('T4: an admin is removed while it removes others: what it did unaware has no effect, its victim goes on', async () => {
    using world = new PeopleWorld('removed-remover')
    const [alice, mallory, carol] = (await world.people('alice', 'mallory', 'carol')) as Cast<3>
    await world.done(world.as(alice).members.setRole('mallory', 'admin'))
    await world.time.advance(5_000)
    world.part([alice], [mallory, carol])
    await world.done(world.as(alice).members.remove('mallory'))
    await world.done(world.as(mallory).members.remove('carol'))
    await world.time.advance(5_000)
    expect(await statuses(world, carol)).toEqual({ alice: 'owner', mallory: 'admin', carol: 'removed' })
    await world.heal()
    for (const peer of [alice, carol, mallory]) expect(await statuses(world, peer)).toEqual({ alice: 'owner', mallory: 'removed', carol: 'member' })
    expect(await world.setState(carol, 'still', 'here')).toBe('done')
    await world.time.advance(5_000)
    expect(await world.getState(alice, 'still')).toBe('here')
  })

  test('T4: a promotion and a removal unaware of each other: the removal wins', async () => {
    using world = new PeopleWorld('promoted-removed')
    const [alice, bob, carol, dave] = (await world.people('alice', 'bob', 'carol', 'dave')) as Cast<4>
    await world.done(world.as(alice).members.setRole('bob', 'admin'))
    await world.time.advance(5_000)
    world.part([alice, dave], [bob, carol])
    await world.done(world.as(alice).members.remove('carol'))
    await world.done(world.as(bob).members.setRole('carol', 'admin'))
    await world.time.advance(5_000)
    expect(await statuses(world, carol)).toMatchObject({ carol: 'admin' })
    await world.heal()
    for (const peer of [alice, bob, carol, dave]) expect(await statuses(world, peer)).toMatchObject({ carol: 'removed', bob: 'admin' })
  })

  test('T4: an invite is used while its inviter is removed elsewhere: who came in by it is out, and can be invited anew', async () => {
    using world = new PeopleWorld('invited-by-removed')
    const [alice, mallory, bob] = (await world.people('alice', 'mallory', 'bob')) as Cast<3>
    world.part([alice], [mallory, bob])
    await world.done(world.as(alice).members.remove('mallory'))
    const eve = world.peer('eve')
    world.part([alice], [mallory, bob, eve])
    await world.invite(mallory, eve, 'eve')
    await world.time.advance(5_000)
    expect(await statuses(world, bob)).toMatchObject({ eve: 'member' })
    expect(await world.setState(eve, 'eve was', 'here')).toBe('done')
    await world.time.advance(5_000)
    await world.heal()
    for (const peer of [alice, bob]) {
      expect(await world.member(peer, 'eve')).toBeUndefined()
      expect(await world.getState(peer, 'eve was')).toBeUndefined()
    }
  })

  test('T4: a leave that arrives late binds only what follows it; who removed first has removed', async () => {
    using world = new PeopleWorld('late-leave')
    const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as Cast<3>
    expect(await world.setState(bob, 'parting', 'words')).toBe('done')
    await world.time.advance(5_000)
    world.part([alice, carol], [bob])
    await world.done(world.as(alice).members.remove('bob'))
    await world.done(world.as(bob).mesh.leave())
    await world.heal()
    for (const peer of [alice, carol]) {
      expect(await statuses(world, peer)).toEqual({ alice: 'owner', bob: 'removed', carol: 'member' })
      expect(await world.getState(peer, 'parting')).toBe('words')
    }
  })

  test('T6: two removals with their rotations in two partitions: once healed neither removed device reads what follows', async () => {
    using world = new PeopleWorld('two-rotations')
    const [alice, bob, mallory, eve] = (await world.people('alice', 'bob', 'mallory', 'eve')) as Cast<4>
    await world.done(world.as(alice).members.setRole('bob', 'admin'))
    await world.time.advance(5_000)
    world.part([alice, eve], [bob, mallory])
    await world.done(world.as(alice).members.remove('mallory'))
    await world.done(world.as(bob).members.remove('eve'))
    expect(await world.setState(alice, 'while apart a', 1)).toBe('done')
    expect(await world.setState(bob, 'while apart b', 2)).toBe('done')
    await world.heal()
    for (const peer of [alice, bob]) expect(await statuses(world, peer)).toEqual({ alice: 'owner', bob: 'admin', mallory: 'removed', eve: 'removed' })
    expect(await world.setState(alice, 'healed', 'secret')).toBe('done')
    await world.time.advance(10_000)
    expect(await world.getState(bob, 'healed')).toBe('secret')
    for (const peer of [alice, bob]) expect([await world.getState(peer, 'while apart a'), await world.getState(peer, 'while apart b')]).toEqual([1, 2])
    for (const peer of [mallory, eve]) expect(await world.getState(peer, 'healed')).toBeUndefined()
  })

  test('T4: a removal that hears of what others built on the removed one’s unseen text: theirs stands, and what it rests on', async () => {
    using world = new PeopleWorld('built-upon')
    const [alice, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as Cast<3>
    const { id } = await world.done(world.as(alice).documents.create({ title: 'plan', part: 'content' }))
    await world.time.advance(5_000)
    world.part([alice], [bob, mallory])
    await world.done(world.as(mallory).documents.append({ document: id, part: 'content', text: 'the ground.' }))
    await world.time.advance(5_000)
    await world.done(world.as(bob).documents.append({ document: id, part: 'content', text: 'the house.' }))
    await world.time.advance(5_000)
    world.part([alice], [bob], [mallory])
    await world.done(world.as(mallory).documents.append({ document: id, part: 'content', text: 'uncited.' }))
    await world.done(world.as(alice).members.remove('mallory'))
    await world.heal()
    for (const peer of [alice, bob]) expect((await world.done(world.as(peer).documents.show(id, 'content'))).text).toBe('the ground.\nthe house.')
    const { entries } = await world.done(world.as(alice).audit.void(never))
    // Both entries lie outside the pins; of the first it is Bob's that lets it stand.
    expect(entries.map(({ by }) => by)).toEqual(['mallory', 'mallory'])
  })

  test('T6: half a year away, two hundred rotations later, somebody is back in sync, and reads all of it', async () => {
    using world = new PeopleWorld('half-a-year')
    const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as Cast<3>
    await world.done(carol.stop())
    for (let i = 0; i < 200; i++) {
      // Lowering takes a grant and rotates, raising is a promotion.
      for (const role of ['guest', 'member'] as const) await world.done(world.as(alice).members.setRole('bob', role))
      if (i % 10 === 0) await world.done(world.as(alice).state.set(`day ${i}`, i))
      if (i === 100) {
        for (const peer of [alice, bob]) await world.done(peer.stop())
        await world.time.advance(183 * 86_400_000)
        for (const peer of [alice, bob]) peer.start()
      }
      await world.time.advance(2_000)
    }
    const rotations = alice.peer!.meshFor(undefined).replica.membership.history.rotations.length
    expect(rotations).toBeGreaterThan(200)
    carol.start()
    expect(await world.setState(carol, 'from afar', 'hello')).toBe('done')
    await world.time.advance(60_000)
    for (const peer of [alice, bob, carol]) {
      expect(await world.getState(peer, 'from afar')).toBe('hello')
      expect(await world.getState(peer, 'day 190')).toBe(190)
      expect((await world.done(world.as(peer).peers.list())).every(({ you, synced }) => you || synced)).toBe(true)
    }
  }, 120_000)
})
