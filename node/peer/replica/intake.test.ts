/** What a replica makes of what peers send: each kind of bad input, and the good in bad order. */
import { expect, test } from 'vitest'
import { buildEntry } from '../../../crdt/log/entry.ts'
import { noMesh } from '../../../crdt/crypto/sign.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { MeshId } from '../../../crdt/wire/ids.ts'
import { bytesOf, ReplicaWorld, setChange, shown, type Actor } from '../../../test/doubles/replica-world.ts'

/** A mesh of three, all holding all of its membership. */
async function threesome(seed = 1): Promise<{ world: ReplicaWorld; alice: Actor; bob: Actor; eve: Actor }> {
  const world = new ReplicaWorld(seed)
  const alice = await world.found()
  const bob = await world.join(alice, 'bob')
  const eve = await world.join(alice, 'eve')
  await world.exchange(alice, bob, eve)
  return { world, alice, bob, eve }
}

test('T2: an entry whose signature or bytes were touched is refused, and nothing of its run is kept', async () => {
  const { world, alice, bob } = await threesome()
  const chain = world.chain(bob, 3)
  const last = chain[2]!.bytes
  for (const at of [last.length - 1, last.length - 70, 60]) {
    const forged = last.slice()
    forged[at]! ^= 1
    const intake = await world.done(alice.replica.receive([...bytesOf(chain.slice(0, 2)), forged]))
    expect(intake).toMatchObject({ placed: 0 })
    expect(intake.problem, `byte ${at}`).toBeDefined()
  }
  expect(alice.replica.log(chain[0]!.log)).toBeUndefined()
  expect(await world.done(alice.replica.receive(bytesOf(chain)))).toMatchObject({ placed: 3, problem: undefined })
})

test('T2: a signature vouches for the range below it, and only for what its hashes name', async () => {
  const { world, alice, bob, eve } = await threesome()
  const [first, second, third] = world.chain(bob, 3)
  const other = world.forge(bob, { log: first!.log, seq: 2, previous: first!.id, frontier: undefined })
  expect(await world.done(alice.replica.receive(bytesOf([first!, other, third!])))).toMatchObject({ placed: 0, problem: 'broken_chain' })
  const swapped = world.forge(eve, { log: first!.log, seq: 3, previous: second!.id, frontier: undefined })
  expect(await world.done(alice.replica.receive(bytesOf([first!, second!, swapped])))).toMatchObject({ placed: 0, problem: 'wrong_device' })
})

test('T2: nobody continues the log of another device, not even behind entries that are known', async () => {
  const { world, alice, bob, eve } = await threesome()
  const chain = world.chain(bob, 2)
  await world.done(alice.replica.receive(bytesOf(chain)))
  const hijack = world.forge(eve, { log: chain[0]!.log, seq: 3, previous: chain[1]!.id, frontier: undefined })
  expect(await world.done(alice.replica.receive([hijack.bytes]))).toMatchObject({ placed: 0, problem: 'wrong_device' })
  expect(await world.done(alice.replica.receive(bytesOf([...chain, hijack])))).toMatchObject({ placed: 0, problem: 'wrong_device' })
  const elsewhere = world.forge(eve, { seq: 3, previous: chain[1]!.id, frontier: undefined })
  expect(await world.done(alice.replica.receive(bytesOf([...chain, elsewhere])))).toMatchObject({ placed: 0, problem: 'wrong_log' })
  expect(alice.replica.log(elsewhere.log)).toBeUndefined()
})

test('T10: an entry signed for another mesh, or for none, is refused', async () => {
  const { world, alice, bob } = await threesome()
  const foreign = world.forge(bob, {}, 'ab'.repeat(32) as MeshId)
  expect(await world.done(alice.replica.receive([foreign.bytes]))).toMatchObject({ placed: 0, problem: 'wrong_mesh' })
  const { version: _, tag: __, sealing, ...parts } = world.forge(bob)
  const nowhere = buildEntry(noMesh, { ...parts, sealed: { ...sealing!, key: new Uint8Array(32), plain: new Uint8Array() } }, bob.identity.signing)
  expect(await world.done(alice.replica.receive([nowhere.bytes]))).toMatchObject({ placed: 0, problem: 'wrong_mesh' })
})

test('T8: truncated, over-long, empty and nonsensical runs are refused before anything is kept', async () => {
  const { world, alice, bob } = await threesome()
  const { bytes } = world.forge(bob)
  const before = alice.store.logs()
  const problemOf = async (run: readonly Uint8Array[]): Promise<string | undefined> => (await world.done(alice.replica.receive(run))).problem
  for (let length = 0; length < bytes.length; length += 7) expect(await problemOf([bytes.slice(0, length)]), `${length} bytes`).toBeDefined()
  expect(await problemOf([])).toBe('empty')
  expect(await problemOf([new Uint8Array([...bytes, 0])])).toBe('trailing_bytes')
  expect(await problemOf([new Uint8Array(limits.entryBytes + 1).fill(1)])).toBe('too_large')
  expect(await problemOf([new Uint8Array([2, ...bytes.slice(1)])])).toBe('version')
  expect(alice.store.logs()).toEqual(before)
})

test('C1: what comes out of order waits, what comes twice changes nothing', async () => {
  const { world, alice, bob, eve } = await threesome()
  const chain = world.chain(bob, 6)
  expect(await world.done(alice.replica.receive(bytesOf(chain.slice(3))))).toMatchObject({ placed: 0, waiting: true, problem: undefined })
  expect(await world.done(alice.replica.receive(bytesOf(chain.slice(0, 3))))).toMatchObject({ placed: 3 })
  expect(await world.done(alice.replica.receive(bytesOf(chain.slice(1, 5))))).toMatchObject({ placed: 2 })
  for (let again = 0; again < 2; again++) expect(await world.done(alice.replica.receive(bytesOf(chain)))).toMatchObject({ placed: again === 0 ? 1 : 0, problem: undefined })
  for (const entry of chain) await world.done(eve.replica.receive([entry.bytes]))
  expect(shown(alice)).toEqual(shown(eve))
})

test('C1: an entry has one say about a key, so that naming it in deps replaces all it said', async () => {
  const { world, alice, bob, eve } = await threesome()
  const twice = world.forge(eve, { changes: [setChange('k', 1), setChange('k', 2)] })
  const after = world.forge(eve, { changes: [setChange('k', 3, [twice.id])] })
  for (const { bytes } of [twice, after]) await world.done(alice.replica.receive([bytes]))
  for (const { bytes } of [after, twice]) await world.done(bob.replica.receive([bytes]))
  expect(world.get(alice, 'k')).toEqual([3])
  expect(shown(alice)).toEqual(shown(bob))
})

test('C2 T8: no clock of a peer keeps a device from writing', async () => {
  const { world, alice, eve } = await threesome()
  for (const ms of [alice.runtime.clock.now() + 50_000, Number.MAX_SAFE_INTEGER]) {
    const entry = world.forge(eve, { clock: { ms, counter: Number.MAX_SAFE_INTEGER } })
    expect(await world.done(alice.replica.receive([entry.bytes]))).toMatchObject({ placed: 1 })
    await world.set(alice, 'k', ms)
    expect(world.get(alice, 'k')).toEqual([ms])
  }
})

test('T3: content of a device that is not admitted at the frontier it names is refused for good', async () => {
  const { world, alice, bob } = await threesome()
  const stranger = world.actor('stranger')
  const [epoch] = alice.replica.membership.now().epochs()
  const key = alice.replica.ledger.keyring.bodyKey(epoch!)!
  const entry = world.forge(stranger, { frontier: alice.replica.membership.frontier(), epoch: epoch!, key })
  expect(await world.done(alice.replica.receive([entry.bytes]))).toMatchObject({ placed: 0, refused: 'its device was not admitted at the frontier it names' })
  const early = world.forge(bob, { frontier: [world.mesh] })
  expect(await world.done(alice.replica.receive([early.bytes]))).toMatchObject({ placed: 0, refused: 'its device was not admitted at the frontier it names' })
})

test('T3: a membership frontier that goes back is refused, one that is not known yet waits', async () => {
  const { world, alice, bob, eve } = await threesome()
  const first = world.forge(bob)
  const dave = world.actor('dave')
  const [back] = bob.replica.membership.frontier()
  await world.admit(alice, dave)
  await world.deliver(alice, bob)
  const second = world.forge(bob, { log: first.log, seq: 2, previous: first.id })
  const third = world.forge(bob, { log: first.log, seq: 3, previous: second.id, frontier: [back!] })
  expect(await world.done(eve.replica.receive(bytesOf([first, second])))).toMatchObject({ placed: 1, waiting: true })
  expect(await world.done(alice.replica.receive(bytesOf([first, second])))).toMatchObject({ placed: 2 })
  expect(await world.done(alice.replica.receive([third.bytes]))).toMatchObject({ placed: 0, refused: 'its membership frontier went back' })
})

test('T7: two entries with one seq are kept as evidence, and only what was held before stays', async () => {
  const { world, alice, eve } = await threesome()
  const chain = world.chain(eve, 3)
  const branch = world.forge(eve, { log: chain[0]!.log, seq: 2, previous: chain[0]!.id, frontier: undefined, changes: [setChange('branch', true)] })
  await world.done(alice.replica.receive(bytesOf(chain)))
  expect(await world.done(alice.replica.receive(bytesOf([chain[0]!, branch])))).toMatchObject({ placed: 0, fork: true, problem: undefined })
  expect(alice.store.evidence()).toMatchObject([{ log: chain[0]!.log, seq: 2 }])
  expect(alice.replica.log(chain[0]!.log)).toMatchObject({ forked: true, seq: 3 })
  expect(world.get(alice, 'key 3')).toEqual([3])
  const forged = branch.bytes.slice()
  forged[forged.length - 1]! ^= 1
  expect(await world.done(alice.replica.receive([forged]))).toMatchObject({ placed: 0 })
  expect(alice.store.evidence()).toHaveLength(1)
})
