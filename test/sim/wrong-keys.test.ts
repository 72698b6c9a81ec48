/** A rotator that hands out unequal keys (rule T6): its victim says so, others give the right key, everybody sees who it was. */
import { expect, test } from 'vitest'
import { concat, domainBytes } from '../../crdt/crypto/hash.ts'
import { fromHex } from '../../crdt/wire/ids.ts'
import { domains } from '../../crdt/wire/protocols.ts'
import type { MemberOp } from '../../crdt/members/ops.ts'
import { never, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

/** Starts an epoch by the rules, save that the victim is handed another key. */
function unequal(by: SimPeer, victim: SimPeer): MemberOp {
  const { replica } = by.peer!.meshFor(undefined)
  const { identity, membership } = replica
  const view = membership.now()
  const random = { bytes: (length: number) => new Uint8Array(length).fill(9) }
  const recipients = view.readerDevices().map((device) => ({ device, sealingKey: view.sealingKey(device)! }))
  const rotation = replica.ledger.keyring.rotation(new Uint8Array(32).fill(1), recipients, random)
  const context = concat(domainBytes(domains.epochWrap), fromHex(replica.mesh), rotation.commitment)
  const other = identity.wrapper.wrap(new Uint8Array(32).fill(2), view.sealingKey(victim.device)!, random.bytes(24), context)!
  return { type: 'rotate', grant: replica.grant(), ...rotation, recipients: rotation.recipients.map((one) => (one.device === victim.device ? { ...one, key: other } : one)) }
}

test('T6: a rotator that hands out unequal keys is named by its victim, who gets the right key from somebody else', async () => {
  using world = new PeopleWorld('unequal-keys')
  const [alice, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
  const said: string[] = []
  await world.as(alice).audit.watch(({ entries }) => said.push(...entries.map(({ by, text }) => `${by} ${text}`)), never)
  const replicaOf = (peer: SimPeer) => peer.peer!.meshFor(undefined).replica
  world.part([alice, mallory], [bob])
  const op = unequal(mallory, bob)
  const [epoch] = await world.done(replicaOf(mallory).operate(() => [op]))
  expect(await world.setState(mallory, 'sealed', 'from bob?')).toBe('done')
  world.part([alice], [bob, mallory])
  await world.time.advance(1_000)
  expect(await world.getState(bob, 'sealed')).toBeUndefined()
  expect(replicaOf(bob).ledger.keyring.has(epoch!)).toBe(false)
  await world.heal(20_000)
  expect(replicaOf(bob).ledger.keyring.has(epoch!)).toBe(true)
  expect(await world.getState(bob, 'sealed')).toBe('from bob?')
  expect(await world.setState(bob, 'answer', 'read it')).toBe('done')
  await world.time.advance(5_000)
  expect(await world.getState(mallory, 'answer')).toBe('read it')
  expect(said).toContain('mallory handed bob another key than it had committed to, as bob says')
  for (const [peer, whom] of [[alice, 'bob'], [bob, 'this device']] as const) {
    expect((await world.done(world.as(peer).node.status())).warnings).toEqual([expect.stringMatching(/^mallory handed bob another key than it had committed to in reef, as bob says/)])
    const { ok, problems } = await world.done(world.as(peer).audit.verify(() => undefined, never))
    expect([ok, problems.map(({ by, entry, problem }) => [by, entry, problem])]).toEqual([false, [['mallory', epoch, expect.stringContaining(`handed ${whom} another key than was committed to`)]]])
  }
  // Said once, and answered once, however long it goes on.
  const shares = (): number => replicaOf(alice).membership.history.entries.filter(({ op: { type } }) => type === 'share').length
  const before = shares()
  await world.done(world.as(mallory).keys.rotate())
  await world.time.advance(60_000)
  expect(shares()).toBe(before)
  await world.done(world.as(alice).members.remove('mallory'))
  await world.time.advance(5_000)
  expect((await world.done(world.as(bob).node.status())).warnings.filter((text) => text.includes('mallory'))).toEqual([])
})

test('T6 T8: who says of every key that it does not fit gets one from each writer and no more', async () => {
  using world = new PeopleWorld('never-fits')
  const [alice, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
  const { replica } = mallory.peer!.meshFor(undefined)
  const giving = (): string[] => replica.membership.history.entries.filter(({ op }) => (op.type === 'rotate' || op.type === 'share') && op.recipients.some(({ device }) => device === mallory.device)).map(({ id }) => id)
  for (let i = 0; i < 5; i++) {
    await world.done(replica.write(giving().map((by) => ({ type: 'wrongKey' as const, by: by as never }))))
    await world.time.advance(15_000)
  }
  const epochs = replica.membership.history.rotations.length
  expect(giving().length).toBeLessThanOrEqual(epochs * 3)
  expect(await world.setState(alice, 'still', 'at work')).toBe('done')
  await world.time.advance(5_000)
  expect(await world.getState(bob, 'still')).toBe('at work')
})
