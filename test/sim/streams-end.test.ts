/** What a removal does to the connections and sessions that stand. */
import { describe, expect, test } from 'vitest'
import { never, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

const sessions = (at: SimPeer, to: SimPeer): number => [...at.peer!.meshes.keys()].filter((mesh) => at.peer!.engine.mesh(mesh)?.sessions.has(to.device)).length

describe('when a removal is known', () => {
  test('T4: sessions with the removed end within a second, at everybody who is online', async () => {
    using world = new PeopleWorld('streams')
    const [alice, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
    expect([sessions(alice, mallory), sessions(bob, mallory)]).toEqual([1, 1])
    await world.done(world.as(alice).members.remove('mallory'))
    await world.time.advance(1_000)
    expect([sessions(alice, mallory), sessions(bob, mallory), sessions(alice, bob)]).toEqual([0, 0, 1])
    expect([alice, bob].map((peer) => peer.peer!.needs.network.connected().includes(mallory.device)), 'they share nothing else').toEqual([false, false])
    await world.time.advance(60_000)
    expect([sessions(alice, mallory), sessions(bob, mallory)], 'and none is begun again').toEqual([0, 0])
  })

  test('T4: of two meshes on one connection the other goes on', async () => {
    using world = new PeopleWorld('two-meshes')
    const [alice, mallory] = (await world.people('alice', 'mallory')) as [SimPeer, SimPeer]
    await world.done(world.as(alice).meshes.create({ name: 'lagoon', relays: [], as: 'alice' }))
    const [reef, lagoon] = [...alice.peer!.meshes.keys()] as [NonNullable<PeopleWorld['mesh']>, NonNullable<PeopleWorld['mesh']>]
    const { link } = await world.done(alice.services(lagoon, never).mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member' }))
    await world.done(world.as(mallory).meshes.join({ link, name: 'mallory', wait: true }, () => undefined, never))
    await world.time.advance(5_000)
    expect(sessions(alice, mallory)).toBe(2)
    const closed: string[] = []
    for (const mesh of [reef, lagoon]) await world.done(mallory.peer!.blobs.open(mesh, alice.device, { onChunk: () => undefined, onClose: () => closed.push(mesh) }, never))
    await world.done(alice.services(reef, never).members.remove('mallory'))
    await world.time.advance(1_000)
    expect(sessions(alice, mallory)).toBe(1)
    expect(closed, 'streams for files too').toEqual([reef])
    expect(alice.peer!.needs.network.connected()).toContain(mallory.device)
    await world.done(alice.services(lagoon, never).state.set('still', 'here'))
    await world.time.advance(5_000)
    expect((await world.done(mallory.services(lagoon, never).state.get('still'))).value).toBe('here')
  })
})
