/** Stories of somebody who has lost a machine and has the root key. */
import { describe, expect, test } from 'vitest'
import { toHex, type MeshId } from '../../crdt/wire/ids.ts'
import type { RecoveryFacts, Restored } from '../../node/ports/services.ts'
import { codeOf, never, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

/** What `atoll backup` writes down of the one mesh of a peer. */
async function backup(world: PeopleWorld, peer: SimPeer): Promise<RecoveryFacts & { root: string }> {
  const [facts] = await world.done(world.as(peer).recovery.facts())
  if (!facts) throw new Error('nothing to back up')
  return { ...facts, root: toHex(peer.disk.profile(peer.name, () => true).keptRoot(facts.mesh as MeshId)!) }
}

const restore = (world: PeopleWorld, peer: SimPeer, held: RecoveryFacts & { root: string }, wait = false, said: string[] = []): Promise<Restored> =>
  world.done(world.as(peer).recovery.restore({ ...held, wait }, (text) => void said.push(text), never), 600_000)

/** The logs that a device wrote, and how long they are. */
const logsOf = (seenBy: SimPeer, mesh: string, device: string): Record<string, number> =>
  Object.fromEntries([...seenBy.replica(mesh as MeshId)!.logs()].filter((log) => log.device === device).map(({ log, seq }) => [log, seq]))

describe('a member who lost a machine', () => {
  test('R1 R4 D4: comes back on an empty one as the same member, with its role and name and the state, in logs of its own', async () => {
    using world = new PeopleWorld('lost laptop')
    const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer, SimPeer]
    expect(await world.setState(alice, 'mine', 'kept')).toBe('done')
    const held = await backup(world, alice)
    expect(await world.setState(alice, 'after', 'the backup')).toBe('done')
    await world.time.advance(5_000)
    const before = logsOf(bob, held.mesh, alice.device)
    alice.crash({ silent: true })
    await world.time.advance(60_000)

    const fresh = world.peer('fresh')
    const said: string[] = []
    const restored = await restore(world, fresh, held, false, said)
    expect(restored).toMatchObject({ mesh: held.mesh, name: 'reef', member: held.member, member_name: 'alice', role: 'owner', other_devices: [alice.device] })
    expect(said).toContain('asking to be taken back')
    await world.time.advance(5_000)
    expect(await world.getState(fresh, 'mine')).toBe('kept')
    expect(await world.getState(fresh, 'after')).toBe('the backup')
    expect(await world.setState(fresh, 'back', 'again')).toBe('done')
    await world.time.advance(5_000)
    for (const peer of [bob, carol, fresh]) {
      expect(await world.getState(peer, 'back'), `${peer.name}`).toBe('again')
      const member = await world.member(peer, 'alice')
      expect(member, `${peer.name}`).toMatchObject({ member: held.member, role: 'owner', status: 'active' })
      expect(member?.devices.map(({ device }) => device).sort()).toEqual([alice.device, fresh.device].sort())
      expect(logsOf(peer, held.mesh, alice.device), 'not one entry more in the logs of the lost machine').toEqual(before)
    }
    // It acts with all that the member may do, and can be backed up and lost in its turn.
    await world.done(world.as(fresh).members.setRole('bob', 'admin'))
    expect((await backup(world, fresh)).root).toBe(held.root)
  })

  test('T4 T5 T6: removes the machine that was lost with the root key: it reads nothing more, and what it does unaware counts for nothing', async () => {
    using world = new PeopleWorld('stolen laptop')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    expect(await world.setState(alice, 'before', 1)).toBe('done')
    const held = await backup(world, alice)
    await world.time.advance(5_000)
    const fresh = world.peer('fresh')
    world.part([alice], [bob, fresh])
    await restore(world, fresh, held)
    const devices = world.as(fresh).devices
    expect(Object.fromEntries((await world.done(devices.list())).map(({ device, removable }) => [device, removable]))).toEqual({ [alice.device]: true, [fresh.device]: false })
    expect(await codeOf(world.done(devices.remove(fresh.device)))).toBe('device_not_removable')
    expect(await codeOf(world.done(devices.remove(bob.device)))).toBe('device_unknown')
    expect(await world.done(devices.remove(alice.device.slice(0, 12)))).toEqual({ device: alice.device, by_root_key: true, rotated: true })
    // The thief goes on, and has not heard.
    expect(await world.setState(alice, 'stolen', 'word')).toBe('done')
    await world.done(world.as(alice).members.remove('bob'))
    expect(await world.setState(fresh, 'secret', 'from now on')).toBe('done')
    await world.heal()
    for (const peer of [bob, fresh]) {
      expect(await world.member(peer, 'alice')).toMatchObject({ status: 'active', role: 'owner', devices: [{ device: fresh.device }] })
      expect(await world.member(peer, 'bob')).toMatchObject({ status: 'active' })
      expect(await world.getState(peer, 'before')).toBe(1)
      expect(await world.getState(peer, 'secret')).toBe('from now on')
      expect(await world.getState(peer, 'stolen')).toBeUndefined()
    }
    expect(await world.getState(alice, 'secret')).toBeUndefined()
    expect(await codeOf(world.done(world.as(alice).state.set('more', 1)))).toBe('removed')
    expect((await world.done(devices.list())).map(({ device }) => device)).toEqual([fresh.device])
  })

  test('R4: waits until somebody is online, and is not let in twice on one device', async () => {
    using world = new PeopleWorld('nobody there')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const held = await backup(world, alice)
    alice.crash({ silent: true })
    await world.done(bob.setOnline(false))
    const fresh = world.peer('fresh')
    expect(await codeOf(restore(world, fresh, held))).toBe('nobody_online')
    expect(await world.done(world.as(fresh).meshes.list())).toEqual([])
    const coming = restore(world, fresh, held, true)
    const online = bob.setOnline(true)
    await world.done(Promise.all([coming, online]), 600_000)
    expect(await coming).toMatchObject({ member: held.member, role: 'owner' })
    expect(await codeOf(restore(world, fresh, held))).toBe('already_joined')
  })

  test('R4: goes on where a try broke off after the link was given away: one device, one link', async () => {
    using world = new PeopleWorld('broken off')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const held = await backup(world, alice)
    alice.crash({ silent: true })
    const fresh = world.peer('fresh')
    const linked = (): boolean => bob.replica(held.mesh as MeshId)!.membership.now().device(fresh.device) !== undefined
    const first = codeOf(world.as(fresh).recovery.restore({ ...held, wait: false }, () => undefined, never))
    for (let ms = 0; !linked() && ms < 60_000; ms++) await world.time.advance(1)
    expect(linked()).toBe(true)
    fresh.crash({ silent: false })
    fresh.start()
    void first
    expect(await world.done(world.as(fresh).meshes.list()), 'half a restore is none').toEqual([])
    expect(await restore(world, fresh, held)).toMatchObject({ role: 'owner', other_devices: [alice.device] })
    const links = bob.replica(held.mesh as MeshId)!.membership.history.entries.filter(({ op }) => op.type === 'link')
    expect(links).toHaveLength(1)
    expect(await world.setState(fresh, 'k', 1)).toBe('done')
    await world.time.advance(5_000)
    expect(await world.getState(bob, 'k')).toBe(1)
  })

  test('R3: another root key, or that of somebody who was removed, is told nothing and changes nothing', async () => {
    using world = new PeopleWorld('no member')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const held = await backup(world, bob)
    await world.time.advance(5_000)
    const mallory = world.peer('mallory')
    const entries = (): number => alice.replica(held.mesh as MeshId)!.membership.history.size
    const before = entries()
    expect(await codeOf(restore(world, mallory, { ...held, root: '07'.repeat(32) }))).toBe('recovery_refused')
    expect(await codeOf(restore(world, mallory, { ...held, mesh: 'ab'.repeat(32) })), 'a mesh that nobody knows').toBe('nobody_online')
    expect(entries()).toBe(before)
    await world.done(world.as(alice).members.remove('bob'))
    await world.time.advance(5_000)
    bob.crash({ silent: false })
    expect(await codeOf(restore(world, mallory, held))).toBe('recovery_refused')
    expect(await world.done(world.as(mallory).meshes.list())).toEqual([])
  })

  test('R4: a history older than the backup is not believed, and somebody who knows more is found', async () => {
    using world = new PeopleWorld('stale')
    const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer, SimPeer]
    await world.done(carol.setOnline(false))
    await world.done(world.as(alice).members.setRole('bob', 'admin'))
    await world.time.advance(5_000)
    const held = await backup(world, alice)
    alice.crash({ silent: true })
    await world.done(bob.setOnline(false))
    await world.done(carol.setOnline(true))
    await world.time.advance(60_000)
    const fresh = world.peer('fresh')
    expect(await codeOf(restore(world, fresh, held))).toBe('history_stale')
    world.net.cut(carol.device, bob.device)
    await world.done(bob.setOnline(true))
    await world.time.advance(10_000)
    expect(await restore(world, fresh, held)).toMatchObject({ role: 'owner' })
  })

  test('R4: a guest hands over no keys, so somebody else has to answer', async () => {
    using world = new PeopleWorld('guest answers')
    const [alice] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    await world.done(world.as(alice).members.setRole('bob', 'guest'))
    await world.time.advance(5_000)
    const held = await backup(world, alice)
    alice.crash({ silent: true })
    expect(await codeOf(restore(world, world.peer('fresh'), held))).toBe('nobody_online')
  })
})
