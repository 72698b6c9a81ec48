/** What a replica makes of a disk that refuses, of a restart, of a copied profile and of an upgrade. */
import { expect, test } from 'vitest'
import { kinds, type Change, type MessagePayload } from '../../../crdt/docs/change.ts'
import { messageIds, readMessage } from '../../../crdt/docs/messages.ts'
import { sealChanges } from '../../../crdt/docs/sealed.ts'
import { readEntry, type Entry } from '../../../crdt/log/entry.ts'
import { toHex, type EntryId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { bytesOf, ReplicaWorld, setChange, shown, type Actor } from '../../../test/doubles/replica-world.ts'
import { AtollError } from '../../ports/errors.ts'
import type { StoreProblem } from '../../ports/store.ts'
import type { LogEnd, Witness } from '../../ports/witness.ts'
import { createMemoryStore } from '../memory-store.ts'

const codes = { full: 'storage_full', io: 'storage_failed', readonly: 'profile_readonly' } as const
const storageOf = { full: 'full', io: 'failed', readonly: 'readonly' } as const
const failures = (['full', 'io', 'readonly'] as const).flatMap((problem) => (['commit', 'after-commit'] as const).map((at) => [problem, at] as const))

/** Every entry that a device has signed, whether its commit held or not: once is all it may sign for one place in a log. */
class Signed {
  readonly entries: Entry[] = []

  constructor(who: Actor) {
    const { store } = who
    const commit = store.commit.bind(store)
    store.commit = (batch) => {
      for (const { bytes, device } of batch.entries) if (device === who.identity.device) this.entries.push(parsed(bytes))
      commit(batch)
    }
  }

  /** Places in logs for which two entries were signed. */
  twice(): string[] {
    const places = Map.groupBy(this.entries, ({ log, seq }) => `${log} ${seq}`)
    return [...places].filter(([, entries]) => new Set(entries.map(({ id }) => id)).size > 1).map(([place]) => place)
  }

  /** Nonces that sealed more than one body. */
  nonces(): string[] {
    const bodies = Map.groupBy(this.entries.filter(({ sealing }) => sealing), ({ sealing }) => `${toHex(sealing!.nonce)}`)
    return [...bodies].filter(([, entries]) => new Set(entries.map(({ id }) => id)).size > 1).map(([nonce]) => nonce)
  }
}

function parsed(bytes: Uint8Array): Entry {
  const read = readEntry(bytes)
  if (!read.ok) throw new Error(read.detail)
  return read.entry
}

const codeOf = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'done', (error: unknown) => (error instanceof AtollError ? error.code : String(error)))
const entriesOf = (who: Actor): Entry[] => [...who.replica.logs()].flatMap(({ log }) => who.replica.readRun(log, 0, 1 << 24).map(parsed))
const durable = (who: Actor): unknown => {
  const { entries, tables } = who.store.snapshot()
  return [entries.map(({ id }) => id), [...tables].map(([table, rows]) => [table, [...rows].map(([key, value]) => [key, toHex(value)])])]
}

test.each(failures)('D1 D2 D4: a write whose commit fails (%s, at %s) is refused with its reason, whole or not there, and writing goes on in a new log', async (problem, at) => {
  const world = new ReplicaWorld(`${problem} ${at}`)
  const alice = await world.found()
  const signed = new Signed(alice)
  const [first] = await world.set(alice, 'k', 1)
  const before = durable(alice)
  const told: EntryId[] = []
  using _ = alice.replica.onCommit(({ entries }) => void told.push(...entries.map(({ id }) => id)))
  alice.store.failNext(problem, { at })
  const several = ['a', 'b', 'c'].map((key) => codeOf(alice.replica.write([{ type: 'set', doc: 'state', key, value: '1' }, { type: 'set', doc: 'state', key: 'k', value: `"${key}"` }])))
  expect(await world.done(Promise.all(several))).toEqual([codes[problem], codes[problem], codes[problem]])
  expect(alice.replica.storage).toBe(storageOf[problem])
  const kept = at === 'after-commit'
  // Reading goes on, and shows what is on disk: all of it or nothing.
  expect(['a', 'b', 'c', 'k'].map((key) => world.get(alice, key))).toEqual(kept ? [[1], [1], [1], ['c']] : [[], [], [], [1]])
  expect(kept || JSON.stringify(durable(alice)) === JSON.stringify(before)).toBe(true)
  // The tail was read again, and whoever listens heard of what stayed and of nothing else.
  expect(alice.replica.log(first!.log)?.seq).toBe(kept ? signed.entries.filter(({ log }) => log === first!.log).length : 1)
  expect(told).toEqual(kept ? signed.entries.slice(1).map(({ id }) => id) : [])
  const [later] = await world.set(alice, 'k', 'later')
  expect(alice.replica.storage).toBe('ok')
  expect(later!.log).not.toBe(first!.log)
  expect(entriesOf(alice).find(({ id }) => id === later!.entry)).toMatchObject({ seq: 1, previous: alice.replica.log(first!.log)!.id })
  expect(world.get(alice, 'k')).toEqual(['later'])
  expect([signed.twice(), signed.nonces()]).toEqual([[], []])
  const bob = await world.join(alice, 'bob')
  expect(shown(bob)).toEqual(shown(alice))
})

test.each(failures)('D2 D4: membership, a new epoch and received runs fail as a whole (%s, at %s) and can be said again', async (problem, at) => {
  const world = new ReplicaWorld(`membership ${problem} ${at}`)
  const alice = await world.found()
  const bob = await world.join(alice, 'bob')
  const signed = new Signed(alice)
  const size = alice.replica.membership.history.size
  const epochs = alice.replica.ledger.keyring.epochs()
  alice.store.failNext(problem, { at })
  expect(await world.done(codeOf(alice.replica.operate(() => [], { rotate: true })))).toBe(codes[problem])
  const kept = at === 'after-commit' ? 1 : 0
  expect(alice.replica.membership.history.size).toBe(size + kept)
  expect(alice.replica.ledger.keyring.epochs()).toHaveLength(epochs.length + kept)
  await world.done(alice.replica.operate(() => [], { rotate: true }))
  await world.set(alice, 'k', 1)
  expect(signed.twice()).toEqual([])
  await world.exchange(alice, bob)
  const chain = world.chain(bob, 3)
  alice.store.failNext(problem, { at })
  expect(await world.done(codeOf(alice.replica.receive(bytesOf(chain))))).toBe(codes[problem])
  expect(alice.replica.log(chain[0]!.log)?.seq).toBe(kept === 1 ? 3 : undefined)
  expect(await world.done(alice.replica.receive(bytesOf(chain)))).toMatchObject({ placed: kept === 1 ? 0 : 3, problem: undefined, fork: false })
  await world.done(bob.replica.receive(bytesOf(chain)))
  await world.exchange(alice, bob)
  expect(shown(alice)).toEqual(shown(bob))
})

test('D2: while the disk refuses to open again everything fails with its reason, and goes on when it does', async () => {
  const world = new ReplicaWorld('reopen')
  const alice = await world.found()
  const signed = new Signed(alice)
  const write = (): Promise<string> => world.done(codeOf(alice.replica.write([{ type: 'set', doc: 'state', key: 'k', value: '1' }])))
  alice.store.failNext('full', { at: 'after-commit' })
  for (let times = 0; times < 2; times++) alice.store.failNext('io', { at: 'reopen' })
  const told: EntryId[] = []
  using _ = alice.replica.onCommit(({ entries }) => void told.push(...entries.map(({ id }) => id)))
  expect([await write(), await write(), told.length]).toEqual(['storage_full', 'storage_full', 0])
  expect(await write()).toBe('done')
  // What the first attempt left is told when it is found, before anything new.
  expect(told).toEqual(signed.entries.map(({ id }) => id))
  expect([alice.replica.storage, signed.twice()]).toEqual(['ok', []])
})

test.each(['full', 'io', 'readonly'] as const)('D2 D3: a rebuild that fails (%s) is made up for', async (problem: StoreProblem) => {
  const world = new ReplicaWorld(problem)
  const alice = await world.found()
  for (let i = 0; i < 5; i++) await world.set(alice, `key ${i}`, i)
  const before = shown(alice)
  alice.store.failNext(problem, { at: 'commit' })
  await world.done(alice.replica.rebuild())
  expect(shown(alice)).toEqual(before)
  await world.set(alice, 'after', 1)
  expect(world.get(alice, 'after')).toEqual([1])
})


test('D4: a log goes on after a clean stop only; after a crash, or on an older copy, a new one cites it', async () => {
  const world = new ReplicaWorld('restart')
  const proofs: LogEnd[] = []
  const kept: Witness = { take: () => proofs.splice(0), leave: (_, ends) => void proofs.push(...ends) }
  const alice = await world.found('alice', { witness: kept })
  const signed = new Signed(alice)
  const [first] = await world.set(alice, 'k', 1)
  await world.done(alice.replica.close())
  alice.store.reopen()
  alice.replica = world.open(alice, kept)
  const [second] = await world.set(alice, 'k', 2)
  expect([second!.log, second!.seq]).toEqual([first!.log, 2])
  // A crash: nothing was left.
  const old = alice.store.snapshot()
  alice.store.reopen()
  alice.replica = world.open(alice, kept)
  const [third] = await world.set(alice, 'k', 3)
  expect(third!.log).not.toBe(first!.log)
  // An older copy of the profile beside a proof of a later end.
  await world.done(alice.replica.close())
  alice.store.restore(old)
  alice.replica = world.open(alice, kept)
  const [fourth] = await world.set(alice, 'k', 4)
  expect([first!.log, third!.log]).not.toContain(fourth!.log)
  expect(parsed(alice.store.byId(fourth!.entry)!.bytes).previous).toBe(second!.entry)
  expect([signed.twice(), signed.nonces()]).toEqual([[], []])
})

test('D4: who learns that a peer holds more of its log never appends to it', async () => {
  const world = new ReplicaWorld('copied')
  const alice = await world.found()
  const bob = await world.join(alice, 'bob')
  const [first] = await world.set(alice, 'k', 1)
  await world.exchange(alice, bob)
  alice.replica.disown(first!.log)
  const [second] = await world.set(alice, 'k', 2)
  expect(second!.log).not.toBe(first!.log)
  // Entries of the present log that come from a peer say the same.
  const ahead = world.forge(alice, { log: second!.log, seq: 2, previous: second!.entry, frontier: undefined })
  expect(await world.done(alice.replica.receive([ahead.bytes]))).toMatchObject({ placed: 1 })
  const [third] = await world.set(alice, 'k', 3)
  expect([first!.log, second!.log]).not.toContain(third!.log)
})

/** A mesh of three from which the first has just removed the third, and told the second. */
async function afterRemoval(): Promise<{ world: ReplicaWorld; alice: Actor; bob: Actor; eve: Actor }> {
  const world = new ReplicaWorld('removal')
  const alice = await world.found()
  const bob = await world.join(alice, 'bob')
  const eve = await world.join(alice, 'eve')
  await world.exchange(alice, bob, eve)
  await world.done(alice.replica.operate(() => [{ type: 'remove', grant: alice.replica.grant(), member: eve.member, pins: [] }]))
  await world.deliver(alice, bob)
  return { world, alice, bob, eve }
}

test('T6: after a removal a writer waits for a new epoch, then starts one that the removed cannot open', async () => {
  const { world, alice, bob, eve } = await afterRemoval()
  const began = world.runtime.timers.elapsed()
  let done = false
  const writing = bob.replica.write([{ type: 'set', doc: 'state', key: 'k', value: '"secret"' }]).finally(() => (done = true))
  await world.runtime.advance(1900)
  expect(done).toBe(false)
  const [written] = await world.done(writing)
  expect(world.runtime.timers.elapsed() - began).toBe(2000)
  const entry = parsed(bob.store.byId(written!.entry)!.bytes)
  const rotation = bob.replica.membership.history.entries.find(({ id }) => id === entry.sealing!.epoch)!
  expect(rotation).toMatchObject({ device: bob.identity.device, op: { type: 'rotate' } })
  expect(rotation.op.type === 'rotate' && rotation.op.recipients.map(({ device }) => device)).toEqual([alice, bob].map(({ identity }) => identity.device).toSorted())
  await world.exchange(alice, bob)
  await world.deliver(bob, eve)
  expect(world.get(alice, 'k')).toEqual(['secret'])
  expect(world.get(eve, 'k')).toEqual([])
  expect([eve.replica.ledger.keyring.has(entry.sealing!.epoch), eve.store.count('unopened')]).toEqual([false, 1])
})

test('T6: whoever waits for an epoch takes the one that comes, and starts none', async () => {
  const { world, alice, bob } = await afterRemoval()
  const began = world.runtime.timers.elapsed()
  const writing = bob.replica.write([{ type: 'set', doc: 'state', key: 'k', value: '1' }])
  await world.runtime.advance(500)
  await world.done(alice.replica.operate(() => [], { rotate: true }))
  await world.deliver(alice, bob)
  const [written] = await world.done(writing)
  expect(world.runtime.timers.elapsed() - began).toBe(500)
  expect(parsed(bob.store.byId(written!.entry)!.bytes).sealing!.epoch).toBe(alice.replica.membership.now().epochs()[0])
  expect(bob.replica.membership.history.rotations).toHaveLength(alice.replica.membership.history.rotations.length)
  await world.runtime.advance(5000)
  expect(bob.replica.membership.history.rotations).toHaveLength(alice.replica.membership.history.rotations.length)
})

test('T6: a guest starts no epoch, and its receipt waits until a writer has', async () => {
  const world = new ReplicaWorld('guest')
  const alice = await world.found()
  const [guest, eve] = [await world.join(alice, 'guest', 'guest'), await world.join(alice, 'eve')]
  await world.done(alice.replica.operate(() => [{ type: 'remove', grant: alice.replica.grant(), member: eve.member, pins: [] }]))
  await world.deliver(alice, guest)
  let done = false
  const writing = guest.replica.write([{ type: 'receipt', receipt: { state: 'read', logs: [] }, audience: [alice.identity.device] }]).finally(() => (done = true))
  await world.runtime.advance(10_000)
  expect(done).toBe(false)
  await world.done(alice.replica.operate(() => [], { rotate: true }))
  await world.deliver(alice, guest)
  await world.done(writing)
  expect(done).toBe(true)
})

test('H1 T3: a write that is not permitted is refused alone, not with what was asked for beside it', async () => {
  const world = new ReplicaWorld('beside')
  const alice = await world.found()
  const guest = await world.join(alice, 'guest', 'guest')
  const receipt = codeOf(guest.replica.write([{ type: 'receipt', receipt: { state: 'read', logs: [] }, audience: [alice.identity.device] }]))
  const set = codeOf(guest.replica.write([{ type: 'set', doc: 'state', key: 'k', value: '1' }]))
  const own = codeOf(guest.replica.write([{ type: 'set', doc: 'members', key: guest.member, value: '"Guest"' }]))
  expect(await world.done(Promise.all([receipt, set, own]))).toEqual(['done', 'not_permitted', 'done'])
  await world.deliver(guest, alice)
  expect([world.get(alice, 'k'), world.get(alice, guest.member, 'members')]).toEqual([[], ['Guest']])
})

test('T8 H1: what does not fit the format is refused before anything is staged, and nothing beside it', async () => {
  const world = new ReplicaWorld('fits')
  const alice = await world.found()
  const message = { id: messageIds.make(alice.identity.device, new Uint8Array(6)), session: '', targets: [{ type: 'all' as const }], priority: 'next' as const, replyTo: undefined, text: 'hello' }
  const send = (fields: Partial<MessagePayload>): Promise<string> => codeOf(alice.replica.write([{ type: 'message', message: { ...message, ...fields }, audience: 'all' }]))
  const all = [
    codeOf(alice.replica.write([{ type: 'set', doc: 'state', key: 'k', value: '1' }])),
    send({ session: 'x'.repeat(129) }),
    send({ targets: Array.from({ length: 257 }, () => ({ type: 'all' as const })) }),
    send({ replyTo: 'not an id' }),
    send({ text: 'x'.repeat(limits.messageBytes + 1) }),
    codeOf(alice.replica.write([{ type: 'receipt', receipt: { state: 'read', logs: Array.from({ length: 1001 }, () => ({ log: world.newLog(alice), seq: 1 })) }, audience: [] }])),
    send({}),
  ]
  expect(await world.done(Promise.all(all))).toEqual(['done', 'bad_input', 'bad_input', 'bad_input', 'value_too_large', 'bad_input', 'done'])
  expect([world.get(alice, 'k'), readMessage(alice.store, message.id)?.message.text]).toEqual([[1], 'hello'])
})

test('C5: entries with kinds of a later version are kept, passed on and not folded, alone and inside an envelope', async () => {
  const world = new ReplicaWorld('kinds')
  const alice = await world.found()
  const bob = await world.join(alice, 'bob')
  const carol = await world.join(alice, 'carol')
  await world.exchange(alice, bob, carol)
  const unknown = [...Object.values(kinds).filter((kind) => kind >= 16), 77, Number.MAX_SAFE_INTEGER].map((kind): Change => ({ kind, doc: 'state', deps: [], payload: setChange('unknown', kind).payload }))
  const envelope = sealChanges([...unknown, setChange('sealed', 2)], [alice, carol].map(({ identity }) => ({ device: identity.device, sealingKey: identity.sealing.publicKey })), world.mesh, bob.identity.device, bob.identity.wrapper, (length) => bob.runtime.random.bytes(length))
  const entry = world.forge(bob, { changes: [...unknown, setChange('known', 1), envelope, ...unknown] })
  expect(await world.done(alice.replica.receive([entry.bytes]))).toMatchObject({ placed: 1, refused: undefined })
  await world.deliver(alice, carol)
  for (const who of [alice, carol]) {
    expect([world.get(who, 'known'), world.get(who, 'sealed'), world.get(who, 'unknown')]).toEqual([[1], [2], []])
    expect(who.replica.readRun(entry.log, 0, 1 << 20)).toEqual([entry.bytes])
  }
})

test('C5 D3: projections of another version are folded anew at the start, to what a fresh device folds', async () => {
  const world = new ReplicaWorld('upgrade')
  const alice = await world.found()
  const bob = await world.join(alice, 'bob')
  const eve = await world.join(alice, 'eve')
  await world.exchange(alice, bob, eve)
  for (let i = 0; i < 4; i++) {
    await Promise.all([alice, bob, eve].map((who) => world.set(who, `key ${i % 2}`, `${who.name} ${i}`)))
    await world.set(eve, 'note', { text: `the ${i}th`, tags: ['t'] }, 'memory')
    await world.exchange(alice, bob, eve)
  }
  await world.done(bob.replica.receive([world.forge(bob, { changes: [{ kind: 99, doc: '', deps: [], payload: new Uint8Array(9) }, setChange('known', 1)] }).bytes]))
  await world.done(alice.replica.operate(() => [{ type: 'remove', grant: alice.replica.grant(), member: eve.member, pins: [] }], { rotate: true }))
  await world.exchange(alice, bob)
  await world.set(bob, 'key 1', 'after')
  await world.exchange(alice, bob)
  const before = shown(alice)
  expect(before).toEqual(shown(bob))
  await world.done(alice.replica.rebuild())
  expect(shown(alice)).toEqual(before)
  // As if an older version had folded it, and left what it does not mean any more.
  for (const version of ['0', '1', '999', 'rebuilding']) {
    alice.store.commit({ entries: [], notes: [{ note: 'ghost', words: { words: 'ghost', tags: [] } }], evidence: [], puts: [
      { table: 'meta', key: 'fold', value: new TextEncoder().encode(version) },
      { table: 'register', key: 'state\0ghost', value: new Uint8Array([0]) },
      { table: 'superseded', key: 'ghost', value: new Uint8Array() },
    ] })
    alice.replica = world.open(alice)
    expect(shown(alice), `from ${version}`).toEqual(before)
  }
  expect(alice.store.search([{ words: ['ghost'], prefix: false }], [], 5)).toEqual([])
  const fresh = await world.join(alice, 'fresh')
  expect(shown(fresh)).toEqual(before)
  const copy = createMemoryStore(bob.store.snapshot())
  copy.clearProjections()
  copy.commit({ entries: [], notes: [], evidence: [], puts: [{ table: 'meta', key: 'fold', value: new Uint8Array() }] })
  world.open({ ...bob, store: copy })
  expect(shown({ ...bob, store: copy })).toEqual(before)
})
