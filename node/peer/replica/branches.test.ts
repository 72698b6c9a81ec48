/** Rule T7 for membership: a device that signs two histories holds nobody up who built on either. */
import { expect, test } from 'vitest'
import type { SyncHost, SyncStream } from '../../../crdt/sync/ports.ts'
import { SyncSession } from '../../../crdt/sync/session.ts'
import type { Entry } from '../../../crdt/log/entry.ts'
import { introduce, proveRoot } from '../../../crdt/members/proofs.ts'
import { encodeOp } from '../../../crdt/members/ops.ts'
import type { LogId } from '../../../crdt/wire/ids.ts'
import { bytesOf, ReplicaWorld, shown, type Actor } from '../../../test/doubles/replica-world.ts'
import { replicaForSync } from '../replica-for-sync.ts'

/** Eve admits people in a log of her own, entry after entry, each citing only what her device signed before it. */
function admissions(world: ReplicaWorld, eve: Actor, log: LogId, after: Entry | undefined, who: readonly Actor[]): readonly Entry[] {
  const base = eve.replica.membership.frontier()
  const entries: Entry[] = []
  for (const one of who) {
    const before = entries.at(-1) ?? after
    const op = encodeOp({
      type: 'admit', grant: eve.replica.grant(), member: one.member, role: 'member', invite: undefined,
      rootProof: proveRoot(world.mesh, one.identity.device, one.root), introduction: introduce(one.identity.signing, one.identity.sealing, one.member),
    })
    entries.push(world.forge(eve, { type: 'membership', log, seq: (before?.seq ?? 0) + 1, previous: before?.id, frontier: before ? undefined : base, op, sealed: undefined }))
  }
  return entries
}

/** Alice holds one branch, Bob the other, and each has written in knowledge of what it holds. */
async function parted(lengths: { readonly alice: number; readonly bob: number }): Promise<{ world: ReplicaWorld; alice: Actor; bob: Actor; eve: Actor; first: Entry; log: LogId }> {
  const world = new ReplicaWorld(7)
  const alice = await world.found()
  const bob = await world.join(alice, 'bob', 'admin')
  const eve = await world.join(alice, 'eve', 'admin')
  await world.exchange(alice, bob, eve)
  const log = world.newLog(eve)
  const people = (name: string, count: number): Actor[] => Array.from({ length: count }, (_, i) => world.actor(`${name} ${i}`))
  const [first] = admissions(world, eve, log, undefined, people('both', 1)) as [Entry]
  const left = admissions(world, eve, log, first, people('left', lengths.alice))
  const right = admissions(world, eve, log, first, people('right', lengths.bob))
  expect(await world.done(alice.replica.receive(bytesOf([first, ...left])))).toMatchObject({ placed: 1 + left.length })
  expect(await world.done(bob.replica.receive(bytesOf([first, ...right])))).toMatchObject({ placed: 1 + right.length })
  await world.set(alice, 'from alice', 1)
  await world.set(bob, 'from bob', 2)
  return { world, alice, bob, eve, first, log }
}

/** Connects two replicas by a sync session, as peers have one. */
function connect(a: Actor, b: Actor): { synced: () => boolean; [Symbol.dispose]: () => void } {
  const sessions: SyncSession[] = []
  const closed: string[] = []
  const listening: Disposable[] = []
  for (const [who, at] of [[a, 0], [b, 1]] as const) {
    const { timers } = who.runtime
    const host: SyncHost = {
      after: (ms, call) => timers.after(ms, call), elapsed: () => timers.elapsed(), jitter: () => 0.5, sessions: () => 1, claim: () => true, release: () => undefined,
      isDirect: () => true, hears: () => false, onWhisper: () => undefined, onBytes: () => undefined, onFault: () => undefined, onProgress: () => undefined,
    }
    const stream: SyncStream = { send: (frame) => void timers.after(5, () => sessions[1 - at]?.receive(frame.slice())), close: (why) => void closed.push(why) }
    const session = new SyncSession((at === 0 ? b : a).identity.device, replicaForSync(who.replica), host, stream)
    sessions.push(session)
    listening.push(who.replica.onCommit(({ entries, membership }) => session.committed(entries, membership)))
  }
  for (const session of sessions) session.start()
  return {
    synced: () => {
      expect(closed).toEqual([])
      return sessions.every((session) => session.isSynced)
    },
    [Symbol.dispose]: () => {
      for (const session of sessions) session.ended()
      for (const one of listening) one[Symbol.dispose]()
    },
  }
}

const members = ({ replica }: Actor): string[] => replica.membership.now().members().map(({ id }) => id).sort()

test('T7: what others built on either branch is fetched by id, and both hold the same', async () => {
  const { world, alice, bob, log } = await parted({ alice: 1, bob: 2 })
  using session = connect(alice, bob)
  await world.runtime.advance(60_000)
  expect(world.get(alice, 'from bob')).toEqual([2])
  expect(world.get(bob, 'from alice')).toEqual([1])
  expect(members(alice)).toHaveLength(3 + 1 + 1 + 2)
  expect(members(bob)).toEqual(members(alice))
  expect(shown(bob)).toEqual(shown(alice))
  expect(session.synced()).toBe(true)
  // Still two branches, kept and shown by both.
  for (const { replica, store } of [alice, bob]) {
    expect(replica.log(log)).toMatchObject({ forked: true })
    expect(store.evidence()).toMatchObject([{ log, seq: 2 }])
  }
})

test('T7 D3: what was taken from a branch is there after a restart, and after a fold from nothing', async () => {
  const { world, alice, bob } = await parted({ alice: 2, bob: 1 })
  {
    using _ = connect(alice, bob)
    await world.runtime.advance(60_000)
  }
  const before = members(alice)
  for (const who of [alice, bob]) {
    await world.done(who.replica.close())
    who.store.reopen()
    who.replica = world.open(who)
    expect(members(who)).toEqual(before)
    await world.done(who.replica.rebuild())
    expect(world.get(who, 'from alice')).toEqual([1])
    expect(world.get(who, 'from bob')).toEqual([2])
  }
  // And it is passed on: a newcomer gets one branch as a log, the other because what it holds builds on it.
  const carol = await world.join(alice, 'carol')
  using _ = connect(carol, alice)
  using __ = connect(alice, bob)
  await world.runtime.advance(120_000)
  expect(members(carol)).toHaveLength(before.length + 1)
  expect(members(carol)).toEqual(members(bob))
  expect(world.get(carol, 'from bob')).toEqual([2])
})

test('T7: branches that part far below their ends are fetched in pieces', async () => {
  const { world, alice, bob } = await parted({ alice: 1, bob: 150 })
  {
    using _ = connect(alice, bob)
    await world.runtime.advance(120_000)
  }
  expect(world.get(alice, 'from bob')).toEqual([2])
  expect(members(bob)).toEqual(members(alice))
  // Alice holds it as a branch, and hands that on in pieces too.
  const last = alice.store.evidence()[0]!.run.length
  expect(last).toBe(150)
  const carol = await world.join(alice, 'carol')
  using _ = connect(carol, alice)
  await world.runtime.advance(240_000)
  expect(members(carol)).toEqual(members(alice))
  expect(world.get(carol, 'from bob')).toEqual([2])
})

test('T7: a fork of which each side has seen one branch is found by their heads, and shown by both', async () => {
  const world = new ReplicaWorld(9)
  const alice = await world.found()
  const bob = await world.join(alice, 'bob')
  const eve = await world.join(alice, 'eve')
  await world.exchange(alice, bob, eve)
  const [left, right] = [world.chain(eve, 90), world.chain(eve, 90)]
  const log = left[0]!.log
  const other = world.chain(eve, 90, { log })
  expect(right[0]!.log).not.toBe(log)
  await world.done(alice.replica.receive(bytesOf(left)))
  await world.done(bob.replica.receive(bytesOf(other)))
  using session = connect(alice, bob)
  await world.runtime.advance(60_000)
  for (const { replica, store } of [alice, bob]) {
    expect(replica.log(log)).toMatchObject({ forked: true, seq: 90 })
    expect(store.evidence()).toMatchObject([{ log, seq: 1 }])
  }
  expect(session.synced()).toBe(true)
})

test('T7: a branch that nobody builds on is kept, and adds nobody', async () => {
  const { world, alice, eve, first, log } = await parted({ alice: 1, bob: 1 })
  const before = members(alice)
  const [third] = admissions(world, eve, log, first, [world.actor('friend of eve')]) as [Entry]
  expect(await world.done(alice.replica.receive(bytesOf([first, third])))).toMatchObject({ placed: 0, fork: true, problem: undefined })
  expect(alice.store.evidence()).toHaveLength(1)
  expect(members(alice)).toEqual(before)
  // Nor do more than a bounded number of them take up room.
  for (let i = 0; i < 100; i++) await world.done(alice.replica.receive(bytesOf([first, ...admissions(world, eve, log, first, [world.actor(`friend ${i}`)])])))
  expect(alice.store.evidence()).toHaveLength(64)
})
