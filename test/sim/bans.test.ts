/** A member whose program sends what only the faulty or hostile send (rule T8): it is not talked to for a while, and nobody else feels it. */
import { expect, test } from 'vitest'
import { protocols } from '../../crdt/wire/protocols.ts'
import { limits } from '../../crdt/wire/limits.ts'
import { proposeMesh } from '../../node/peer/mesh-handshake.ts'
import { never, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

/** Begins a session as its device and sends a frame. @returns whether it was let in */
async function sends(world: PeopleWorld, by: SimPeer, to: SimPeer, frame: Uint8Array): Promise<boolean> {
  const { needs, identity } = by.peer!
  const attack = async (): Promise<void> => {
    const stream = await needs.network.open(to.device, protocols.sync, never)
    await proposeMesh(stream, by.peer!.meshFor(undefined).id, { device: identity.device, runtime: needs.runtime }, (handover) => {
      handover.onFrame(() => undefined)
      handover.onClose(() => undefined)
    })
    stream.send(frame)
  }
  const done = await world.done(attack().then(() => true, () => false))
  await world.time.advance(3_000)
  return done
}

const garbage = new Uint8Array([1, 2, 3])
/** As a later version may send it. */
const ofLaterVersion = new Uint8Array([11, 1, 2, 3])
const sessionWith = (peer: SimPeer, other: SimPeer) => peer.peer!.engine.mesh(peer.peer!.meshFor(undefined).id)?.sessions.get(other.device)

test('T8: who sends garbage again and again is not talked to for a while, its entries come through others, and it is let in again after', async () => {
  using world = new PeopleWorld('bans')
  const [alice, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
  const peersOf = async (peer: SimPeer) => (await world.done(world.as(peer).peers.list())).find(({ name }) => name === 'mallory')
  for (let i = 0; i < 20; i++) expect(await sends(world, mallory, alice, ofLaterVersion)).toBe(true)
  expect((await world.done(world.as(alice).node.status())).offenders).toEqual([])

  const isBanned = (): boolean => alice.peer!.misconduct.isBanned(mallory.device)
  let tries = 0
  for (; tries < 20 && !isBanned(); tries++) expect(await sends(world, mallory, alice, garbage)).toBe(true)
  expect([isBanned(), tries >= 4]).toEqual([true, true])
  expect(await sends(world, mallory, alice, garbage)).toBe(false)
  const [banned] = (await world.done(world.as(alice).node.status())).offenders
  expect(banned).toMatchObject({ device: mallory.device, name: 'mallory', offence: 'malformed_frame', why: 'sent frames that are none', bans: 1 })
  expect(banned?.banned_until).toBeGreaterThan(0)
  expect(await peersOf(alice)).toMatchObject({ not_talked_to: { until: banned?.banned_until, why: 'sent frames that are none' } })
  expect((await world.done(world.as(alice).peers.explain('mallory'))).advice).toEqual([expect.stringMatching(/^mallory is not talked to until \d\d:\d\d UTC: it sent frames that are none\./)])
  const families = await world.done(world.as(alice).node.metrics())
  const valueOf = (name: string, offence?: string) => families.find((family) => family.name === name)?.samples.find(({ labels }) => offence === undefined || labels?.['offence'] === offence)?.value
  expect([valueOf('atoll_bans'), valueOf('atoll_offences_total', 'malformed_frame'), valueOf('atoll_offences_total', 'bad_entries')]).toEqual([1, expect.any(Number), 0])
  expect(alice.lines.filter(({ event }) => event === 'peer_banned')).toHaveLength(1)

  // Nobody else has seen anything of it, and what mallory writes comes through bob.
  expect((await world.done(world.as(bob).node.status())).offenders).toEqual([])
  expect(sessionWith(alice, mallory)).toBeUndefined()
  expect([await world.setState(mallory, 'by mallory', 1), await world.setState(alice, 'by alice', 2)]).toEqual(['done', 'done'])
  await world.time.advance(10_000)
  expect([await world.getState(alice, 'by mallory'), await world.getState(bob, 'by alice'), await world.getState(mallory, 'by alice')]).toEqual([1, 2, 2])
  expect(sessionWith(alice, mallory)).toBeUndefined()

  await world.time.advance(limits.banMs + 60_000)
  expect(sessionWith(alice, mallory)?.isSynced).toBe(true)
  expect(await peersOf(alice)).toMatchObject({ not_talked_to: null, online: true })
})

test('T8: entries that do not verify, and a handshake that is none, count as well; a stranger gets a row and no more', async () => {
  using world = new PeopleWorld('offences')
  const [alice, , mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
  const stranger = world.peer('trudy')
  const entriesOfGarbage = new Uint8Array([4, 1, 3, 1, 9, 9])
  // Its own program is at it as well: of two sessions that begin at once one goes.
  for (let i = 0; i < 10 && alice.peer!.misconduct.size === 0; i++) await sends(world, mallory, alice, entriesOfGarbage)
  const stream = await world.done(stranger.peer!.needs.network.open(alice.device, protocols.sync, never))
  stream.send(garbage)
  await world.time.advance(1_000)
  const { offenders, budgets } = await world.done(world.as(alice).node.status())
  expect(offenders.map(({ name, offence, banned_until }) => [name, offence, banned_until])).toEqual([['mallory', 'bad_entries', null], [null, 'malformed_handshake', null]])
  expect(budgets.find(({ name }) => name === 'offenders')).toEqual({ name: 'offenders', used: 2, of: limits.offendersKept })
})
