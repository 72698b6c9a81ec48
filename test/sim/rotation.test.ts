/** Keys change by schedule: one of those who may does it, whatever the clocks say. */
import { describe, expect, test } from 'vitest'
import { codeOf, never, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

const dayMs = 86_400_000
const rotations = (peer: SimPeer): number => peer.peer!.meshFor(undefined).replica.membership.history.rotations.length

describe('rotation by schedule', () => {
  test('T6: after its days a key is followed by another, once, by whoever notices first; it is said', async () => {
    using world = new PeopleWorld('by-days')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const said: string[] = []
    await world.as(bob).audit.watch(({ entries }) => said.push(...entries.map(({ text }) => text)), never)
    const before = rotations(alice)
    expect(await world.done(world.as(alice).keys.schedule({}))).toMatchObject({ days: 30 })
    await world.done(world.as(alice).keys.schedule({ days: 1 }))
    await world.time.advance(0.9 * dayMs)
    expect(rotations(alice)).toBe(before)
    await world.time.advance(0.6 * dayMs)
    for (const peer of [alice, bob]) expect(rotations(peer)).toBe(before + 1)
    expect(said).toEqual(['renewed the keys, by schedule or by hand, for 2 devices'])
    expect(await world.setState(bob, 'under', 'the new key')).toBe('done')
    await world.time.advance(10_000)
    expect(await world.getState(alice, 'under')).toBe('the new key')
  })

  test('T6: who comes back after months finds the newer key and makes none', async () => {
    using world = new PeopleWorld('late')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const rotationsAtFirst = rotations(alice)
    await world.done(world.as(alice).keys.schedule({ days: 1 }))
    await world.time.advance(5_000)
    await world.done(bob.stop())
    await world.time.advance(1.5 * dayMs)
    const renewed = rotations(alice)
    expect(renewed).toBe(rotationsAtFirst + 1)
    bob.start()
    await world.time.advance(dayMs / 4)
    expect([rotations(alice), rotations(bob)]).toEqual([renewed, renewed])
  })

  test('T6: stewards say how much one key seals; past that it is followed by another within minutes', async () => {
    using world = new PeopleWorld('by-volume')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    expect(await codeOf(world.done(world.as(bob).keys.schedule({ entries: 10 })))).toBe('not_permitted')
    await world.done(world.as(alice).keys.schedule({ entries: 100 }))
    await world.time.advance(5_000)
    expect(await world.done(world.as(bob).keys.schedule({}))).toMatchObject({ days: 30, megabytes: 1024, entries: 100 })
    const before = rotations(alice)
    for (let i = 0; i < 100; i++) await world.done(world.as(bob).state.set(`key ${i}`, i))
    await world.time.advance(15 * 60_000)
    for (const peer of [alice, bob]) expect(rotations(peer)).toBe(before + 1)
    // What was counted outlives a stop, and the new key has sealed little.
    await world.done(world.as(bob).state.set('more', 1))
    await world.done(bob.stop())
    bob.start()
    expect((await world.done(world.as(bob).keys.schedule({}))).sealed_entries).toBeGreaterThan(0)
    expect((await world.done(world.as(bob).keys.schedule({}))).sealed_entries).toBeLessThan(100)
    await world.time.advance(dayMs / 4)
    expect(rotations(alice)).toBe(before + 1)
  })

  test('C2 T6: a clock that runs wild brings about one rotation an hour at most, and none at others', async () => {
    using world = new PeopleWorld('wild-clock')
    const [alice, mallory] = (await world.people('alice', 'mallory')) as [SimPeer, SimPeer]
    const before = rotations(alice)
    const hours = 8
    for (let i = 0; i < hours * 6; i++) {
      mallory.skew(i % 2 === 0 ? 400 * dayMs : -400 * dayMs)
      await world.time.advance(10 * 60_000)
    }
    expect(rotations(alice) - before).toBeLessThanOrEqual(hours)
    // Far behind, far ahead: what it wrote says so, and nobody believes it.
    mallory.skew(-400 * dayMs)
    await world.done(world.as(mallory).keys.rotate())
    await world.time.advance(5_000)
    const made = rotations(mallory)
    await world.done(mallory.stop())
    await world.time.advance(dayMs / 2)
    expect(rotations(alice)).toBe(made)
  })

  test('T6: anybody who writes may change the keys by hand; guests may not', async () => {
    using world = new PeopleWorld('by-hand')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const eve = world.peer('eve')
    await world.invite(alice, eve, 'eve', 'guest')
    await world.time.advance(5_000)
    expect(await codeOf(world.done(world.as(eve).keys.rotate()))).toBe('not_permitted')
    expect((await world.done(world.as(bob).keys.rotate())).devices).toBe(3)
    expect(await world.setState(alice, 'after', 1)).toBe('done')
    await world.time.advance(5_000)
    expect(await world.getState(eve, 'after')).toBe(1)
  })
})
