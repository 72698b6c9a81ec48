/** What a replica makes of what peers send: each kind of bad input, and the good in bad order. */
import { expect, test } from 'vitest'
import { buildEntry, readEntry, type Entry } from '../../../crdt/log/entry.ts'
import { noMesh, sign, signingPair } from '../../../crdt/crypto/sign.ts'
import { concat, hasher } from '../../../crdt/crypto/hash.ts'
import { seal } from '../../../crdt/crypto/seal.ts'
import { encodeBody, kinds, messagePayload, sealedPayload, type Change } from '../../../crdt/docs/change.ts'
import { messageIds, readMessage } from '../../../crdt/docs/messages.ts'
import { sealChanges } from '../../../crdt/docs/sealed.ts'
import { decode, encode } from '../../../crdt/wire/codec.ts'
import { encodeOp } from '../../../crdt/members/ops.ts'
import { introduce, proveRoot } from '../../../crdt/members/proofs.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { domains } from '../../../crdt/wire/protocols.ts'
import { fromHex, toHex, type DeviceId, type EntryId, type LogId, type MemberId, type MeshId } from '../../../crdt/wire/ids.ts'
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

test('T7: both are kept also where they come in one commit', async () => {
  const { world, alice, eve } = await threesome()
  const chain = world.chain(eve, 2)
  const branch = world.forge(eve, { log: chain[0]!.log, seq: 2, previous: chain[0]!.id, frontier: undefined })
  const [, second] = await world.done(Promise.all([alice.replica.receive(bytesOf(chain)), alice.replica.receive(bytesOf([branch]))]))
  expect(second).toMatchObject({ fork: true, problem: undefined })
  expect(alice.store.evidence()).toMatchObject([{ log: chain[0]!.log, seq: 2 }])
})

test('T2: nobody starts a log under an id that is bound to another device', async () => {
  const { world, alice, bob, eve } = await threesome()
  const log = world.newLog(bob)
  const squatted = withLog(world.forge(eve), log, eve, world.mesh)
  expect(readEntry(squatted)).toMatchObject({ ok: false, problem: 'bad_shape' })
  expect(await world.done(alice.replica.receive([squatted]))).toMatchObject({ placed: 0, problem: 'bad_shape' })
  expect(alice.replica.log(log)).toBeUndefined()
  // An id of nobody's making is no better.
  expect(readEntry(withLog(world.forge(eve), toHex(world.runtime.random.bytes(16)) as LogId, eve, world.mesh))).toMatchObject({ ok: false })
  const honest = world.forge(bob, { log })
  expect(await world.done(alice.replica.receive([honest.bytes]))).toMatchObject({ placed: 1, problem: undefined })
})

test('C1 T2: a message under an id that another device made has no effect, whichever comes first', async () => {
  const { world, alice, bob, eve } = await threesome()
  const id = messageIds.make(bob.identity.device, bob.runtime.random.bytes(6))
  const message = (text: string): Change => ({ kind: kinds.message, doc: '', deps: [], payload: encode(messagePayload, { id, session: '', targets: [{ type: 'all' }], priority: 'next', replyTo: undefined, text }) })
  const stolen = world.forge(eve, { clock: { ms: 1, counter: 0 }, changes: [message('stolen')] })
  const sent = world.forge(bob, { changes: [message('sent')] })
  for (const { bytes } of [stolen, sent]) expect(await world.done(alice.replica.receive([bytes]))).toMatchObject({ placed: 1 })
  expect(readMessage(alice.store, id)).toMatchObject({ device: bob.identity.device, message: { text: 'sent' } })
  for (const { bytes } of [sent, stolen]) await world.done(eve.replica.receive([bytes]))
  expect(shown(eve)).toEqual(shown(alice))
})

test('C1: an envelope that holds another key than the one it commits to opens for nobody', async () => {
  const { world, alice, bob, eve } = await threesome()
  const change = sealChanges([setChange('k', 'sealed')], [alice, bob].map(({ identity }) => ({ device: identity.device, sealingKey: identity.sealing.publicKey })), world.mesh, eve.identity.device, eve.identity.wrapper, (length) => eve.runtime.random.bytes(length))
  const good = decode(sealedPayload, change.payload)
  if (!good.ok) throw new Error(good.detail)
  const bound = concat(domainOf(domains.sealedWrap), fromHex(world.mesh), fromHex(eve.identity.device))
  // Two keys in one envelope: bob's opens the ciphertext, alice's is the one committed to.
  const [forAlice, forBob, nonce] = [eve.runtime.random.bytes(32), eve.runtime.random.bytes(32), eve.runtime.random.bytes(24)]
  const wrap = (key: Uint8Array, to: Actor): { device: DeviceId; key: Uint8Array } => ({ device: to.identity.device, key: eve.identity.wrapper.wrap(key, to.identity.sealing.publicKey, eve.runtime.random.bytes(24), bound)! })
  const envelope = (sealedWith: Uint8Array, committed: Uint8Array): Change => ({ ...change, payload: encode(sealedPayload, { ...good.value, commitment: hasher(domains.sealedCommitment)(committed), recipients: [wrap(forAlice, alice), wrap(forBob, bob)], nonce, sealed: seal(sealedWith, nonce, encodeBody([setChange('k', 'two keys')]), bound) }) })
  const both = async (changes: readonly Change[]): Promise<unknown[]> => {
    const { bytes } = world.forge(eve, { changes })
    for (const { replica } of [alice, bob]) expect(await world.done(replica.receive([bytes]))).toMatchObject({ placed: 1 })
    return [world.get(alice, 'k'), world.get(bob, 'k')]
  }
  expect(await both([envelope(forBob, forAlice)])).toEqual([[], []])
  expect(await both([envelope(forAlice, forBob)])).toEqual([[], []])
  // Where commitment and ciphertext agree, the other key still opens nothing.
  expect(await both([envelope(forBob, forBob)])).toEqual([[], ['two keys']])
  await both([change])
  expect([world.get(alice, 'k'), world.get(bob, 'k').map(String).toSorted()]).toEqual([['sealed'], ['sealed', 'two keys']])
})

test('T3 T8: a membership entry of a stranger gets no place, neither in the history nor in the store', async () => {
  const { world, alice, bob, eve } = await threesome()
  const stranger = world.actor('stranger')
  const { size } = alice.replica.membership.history
  const before = alice.store.logs()
  const ops = [
    encodeOp({ type: 'leave', grant: alice.replica.grant() }),
    encodeOp({ type: 'admit', grant: alice.replica.grant(), member: stranger.member, role: 'owner', rootProof: proveRoot(world.mesh, stranger.identity.device, stranger.root), introduction: introduce(stranger.identity.signing, stranger.identity.sealing, stranger.member), invite: undefined }),
    new Uint8Array([99]),
  ]
  for (const op of ops) {
    const entry = membershipEntry(world, stranger, op, alice.replica.membership.frontier())
    expect(await world.done(alice.replica.receive([entry.bytes]))).toMatchObject({ placed: 0, problem: undefined, refused: 'its device was introduced by nobody' })
    expect(alice.replica.log(entry.log)).toBeUndefined()
  }
  expect(alice.replica.membership.history.size).toBe(size)
  expect(alice.store.logs()).toEqual(before)
  // What a member says beyond its rights has no effect, but it has its place: others may build on it.
  const refused = membershipEntry(world, eve, encodeOp({ type: 'remove', grant: eve.replica.grant(), member: alice.member, pins: [] }), eve.replica.membership.frontier())
  expect(await world.done(alice.replica.receive([refused.bytes]))).toMatchObject({ placed: 1, refused: undefined })
  expect(alice.replica.membership.now().device(bob.identity.device)).toBeDefined()
  expect(alice.replica.membership.refusals.has(refused.id)).toBe(true)
})

test('T2 C3: of a run that ends early, what was kept can be passed on', async () => {
  const { world, alice, bob, eve } = await threesome()
  const chain = world.chain(bob, 3)
  await world.admit(alice, world.actor('dave'))
  await world.deliver(alice, bob)
  const later = world.forge(bob, { log: chain[0]!.log, seq: 4, previous: chain[2]!.id })
  // Its frontier is not known to eve: the run ends at the third entry, whose own signature nobody had to check.
  expect(await world.done(eve.replica.receive(bytesOf([...chain, later])))).toMatchObject({ placed: 3, waiting: true })
  expect(eve.replica.readRun(chain[0]!.log, 0, 1 << 20)).toEqual(bytesOf(chain))
  expect(await world.done(alice.replica.receive(eve.replica.readRun(chain[0]!.log, 0, 1 << 20)))).toMatchObject({ placed: 3 })
  // And where it ends because an entry is refused for good.
  const other = world.chain(bob, 2)
  const back = world.forge(bob, { log: other[0]!.log, seq: 3, previous: other[1]!.id, frontier: [world.mesh as string as EntryId] })
  expect(await world.done(alice.replica.receive(bytesOf([...other, back])))).toMatchObject({ placed: 2, refused: 'its membership frontier went back' })
  expect(alice.replica.readRun(other[0]!.log, 0, 1 << 20)).toEqual(bytesOf(other))
})

test('T2: of a run that ends early behind a forged signature, nothing is passed on', async () => {
  const { world, alice, bob, eve } = await threesome()
  const [first, second] = world.chain(bob, 2)
  // Bob signs the last entry only: what the chain below it holds, its hashes vouch for, but it cannot end a run.
  const unsigned = first!.bytes.slice()
  unsigned[unsigned.length - 1]! ^= 1
  const read = readEntry(unsigned)
  if (!read.ok) throw new Error(read.detail)
  await world.admit(alice, world.actor('dave'))
  await world.deliver(alice, bob)
  const late = world.forge(bob, { log: first!.log, seq: 2, previous: read.entry.id })
  expect(await world.done(eve.replica.receive([unsigned, late.bytes]))).toMatchObject({ placed: 1, waiting: true })
  expect(eve.replica.readRun(first!.log, 0, 1 << 20)).toEqual([])
  await world.deliver(alice, eve)
  expect(await world.done(eve.replica.receive([late.bytes]))).toMatchObject({ placed: 1 })
  expect(eve.replica.readRun(first!.log, 0, 1 << 20)).toEqual([unsigned, late.bytes])
  expect(second).toBeDefined()
})

test('C2: a later entry of a log replaces what the log said of a key before, whether it names it or not', async () => {
  const { world, alice, bob, eve } = await threesome()
  const first = world.forge(eve, { changes: [setChange('k', 1)] })
  const second = world.forge(eve, { log: first.log, seq: 2, previous: first.id, frontier: undefined, changes: [setChange('k', 2)] })
  const beside = world.forge(bob, { changes: [setChange('k', 'beside')] })
  for (const run of [[first], [beside], [second]]) await world.done(alice.replica.receive(bytesOf(run)))
  for (const run of [[first, second], [beside]]) await world.done(bob.replica.receive(bytesOf(run)))
  expect(world.get(alice, 'k').map(String).toSorted()).toEqual(['2', 'beside'])
  expect(shown(alice)).toEqual(shown(bob))
})

test('T3 T10: an introduction names its member, so nobody admits the device of another as its own', async () => {
  const { world, alice, bob } = await threesome()
  const dave = world.actor('dave')
  const root = signingPair(world.runtime.random.bytes(32))
  const admit = (introduction: ReturnType<typeof introduce>): Uint8Array => encodeOp({ type: 'admit', grant: alice.replica.grant(), member: root.publicKey as MemberId, role: 'member', rootProof: proveRoot(world.mesh, dave.identity.device, root), introduction, invite: undefined })
  const entry = membershipEntry(world, alice, admit(introduce(dave.identity.signing, dave.identity.sealing, dave.member)), alice.replica.membership.frontier())
  expect(await world.done(bob.replica.receive([entry.bytes]))).toMatchObject({ placed: 1 })
  expect(bob.replica.membership.refusals.has(entry.id)).toBe(true)
  expect(bob.replica.membership.now().device(dave.identity.device)).toBeUndefined()
})

/** An entry with another log id in it, signed anew. */
function withLog(entry: Entry, log: LogId, by: Actor, mesh: MeshId): Uint8Array {
  const unsigned = entry.bytes.slice(0, -64)
  unsigned.set(fromHex(log), 10)
  return concat(unsigned, sign(domains.entry, mesh, unsigned, by.identity.signing))
}

function membershipEntry(world: ReplicaWorld, by: Actor, op: Uint8Array, frontier: readonly EntryId[]): Entry {
  return buildEntry(world.mesh, { type: 'membership', log: world.newLog(by), seq: 1, previous: undefined, device: by.identity.device, clock: { ms: by.runtime.clock.now(), counter: 0 }, frontier, op }, by.identity.signing)
}

const domainOf = (domain: string): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => domain.charCodeAt(i) || 0)
