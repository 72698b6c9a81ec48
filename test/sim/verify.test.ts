/** Making sure that somebody is who they say, and hearing of it when they are not what they were. */
import { expect, test } from 'vitest'
import { consentToLink, introduce } from '../../crdt/members/proofs.ts'
import { makeIdentity } from '../../node/peer/mesh/make-identity.ts'
import type { RunningMesh } from '../../node/peer/mesh/running-mesh.ts'
import type { Identity } from '../../node/peer/replica/identity.ts'
import type { Verified } from '../../node/ports/services.ts'
import type { MemberId } from '../../crdt/wire/ids.ts'
import { codeOf, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

class VerifyWorld extends PeopleWorld {
  ask(by: SimPeer, name: string, more: { number?: string; confirm?: boolean; withdraw?: boolean } = {}): Promise<Verified> {
    return this.done(this.as(by).members.verify({ name, confirm: false, withdraw: false, ...more }))
  }

  /** Another device of somebody's member, which nobody has switched on yet. */
  async link(by: SimPeer): Promise<Identity> {
    const { replica } = meshOf(by)
    const device = makeIdentity(this.dice.bytes(32), this.dice.bytes(32))
    const member = replica.membership.memberOf(by.device) as MemberId
    await this.done(replica.operate(() => [{ type: 'link', grant: replica.grant(), introduction: introduce(device.signing, device.sealing, member), consent: consentToLink(replica.mesh, member, by.device, device.signing), rootProof: undefined }]))
    await this.time.advance(5_000)
    return device
  }

  async warnings(peer: SimPeer): Promise<readonly string[]> {
    return (await this.done(this.as(peer).node.status())).warnings
  }
}

const meshOf = (peer: SimPeer): RunningMesh => peer.peer!.meshFor(undefined)
const logged = (peer: SimPeer): number => peer.lines.filter(({ level, event }) => level === 'warn' && event === 'verified_member_changed').length

test('T11: both see one number; who has another member before them, or is in another mesh, sees another', async () => {
  using world = new VerifyWorld('numbers')
  const [alice, bob] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer]
  const { number, qr, matches, devices } = await world.ask(alice, 'bob')
  expect(number).toMatch(/^(\d{5} ){5}\d{5}$/)
  expect({ devices, matches, drawn: qr.length > 5 }).toEqual({ devices: 1, matches: null, drawn: true })
  expect((await world.ask(bob, 'alice')).number).toBe(number)
  expect((await world.ask(alice, 'carol')).number).not.toBe(number)
  using other = new VerifyWorld('another')
  const [alice2] = (await other.people('alice', 'bob')) as [SimPeer]
  expect((await other.ask(alice2, 'bob')).number).not.toBe(number)
})

test('T11: a number that was read out matches or does not; only one that does, or the person’s word, marks anybody', async () => {
  using world = new VerifyWorld('compare')
  const [alice, bob] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer]
  const { number } = await world.ask(bob, 'alice')
  expect(await world.ask(alice, 'bob', { number })).toMatchObject({ matches: true, verification: 'none', verified_at: null })
  expect(await world.ask(alice, 'carol', { number, confirm: true })).toMatchObject({ matches: false, verification: 'none' })
  expect(await world.ask(alice, 'bob', { number: number.replaceAll(' ', ''), confirm: true })).toMatchObject({ matches: true, verification: 'verified' })
  expect(await world.ask(alice, 'carol', { confirm: true })).toMatchObject({ matches: null, verification: 'verified' })
  expect(await world.ask(alice, 'carol', { withdraw: true })).toMatchObject({ verification: 'none' })
  for (const bad of ['', '12345', `${number}1`, number.replace(/\d/, 'x')]) expect(await codeOf(world.ask(alice, 'bob', { number: bad, confirm: true }))).toBe('bad_input')
  expect(await codeOf(world.ask(alice, 'alice'))).toBe('bad_input')
  expect(await codeOf(world.ask(alice, 'mallory'))).toBe('member_unknown')
})

test('T11: the mark is this device’s own and survives a restart and a rebuild', async () => {
  using world = new VerifyWorld('kept')
  const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
  await world.ask(alice, 'bob', { confirm: true })
  const entries = meshOf(alice).entries()
  await world.done(meshOf(alice).replica.rebuild())
  await world.done(alice.stop())
  alice.start()
  await world.time.advance(10_000)
  expect(meshOf(alice).entries(), 'nothing was written to any log').toBe(entries)
  expect([(await world.member(alice, 'alice'))?.verification, (await world.member(alice, 'bob'))?.verification]).toEqual(['you', 'verified'])
  expect((await world.member(bob, 'alice'))?.verification).toBe('none')
  expect(await world.warnings(alice)).toEqual([])
})

test('T11: a device that a verified member links is said loudly until it is confirmed, even when it is gone again', async () => {
  using world = new VerifyWorld('changed')
  const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer, SimPeer]
  await world.ask(alice, 'bob', { confirm: true })
  await world.ask(alice, 'carol', { confirm: true })
  const linked = await world.link(bob)
  const loud = async (): Promise<void> => {
    expect((await world.member(alice, 'bob'))?.verification).toBe('changed')
    expect(await world.ask(alice, 'bob')).toMatchObject({ verification: 'changed', new_devices: [linked.device] })
    expect((await world.done(world.as(alice).peers.list())).filter(({ name }) => name === 'bob').every(({ verification }) => verification === 'changed')).toBe(true)
    expect(await world.warnings(alice)).toEqual([expect.stringContaining('bob in reef has other devices')])
  }
  await loud()
  expect(logged(alice)).toBe(1)
  expect((await world.member(alice, 'carol'))?.verification).toBe('verified')
  expect(await world.done(world.as(bob).devices.remove(linked.device)), 'by the device that linked it').toMatchObject({ by_root_key: false, rotated: true })
  await world.time.advance(5_000)
  await loud()
  expect(logged(alice), 'said once').toBe(1)
  expect(await world.ask(alice, 'bob', { confirm: true })).toMatchObject({ verification: 'verified', new_devices: [] })
  expect(await world.warnings(alice)).toEqual([])
  expect((await world.member(carol, 'bob'))?.verification).toBe('none')
})

test('T11: a new sealing key of a verified member’s device is a change too', async () => {
  using world = new VerifyWorld('reseal')
  const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
  await world.ask(alice, 'bob', { confirm: true })
  const { replica } = meshOf(bob)
  const { sealing } = makeIdentity(world.dice.bytes(32), world.dice.bytes(32))
  const member = replica.membership.memberOf(bob.device) as MemberId
  await world.done(replica.operate(() => [{ type: 'reseal', grant: replica.grant(), introduction: introduce(replica.identity.signing, sealing, member) }]))
  await world.time.advance(5_000)
  expect(await world.ask(alice, 'bob')).toMatchObject({ verification: 'changed', new_devices: [bob.device] })
})
