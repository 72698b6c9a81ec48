/** An adversary among whole peers: what it may send with keys of its own. Honest peers stay equal, and it is named. */
import { describe, expect, test } from 'vitest'
import type { MemberOp } from '../../crdt/members/ops.ts'
import { readRegister } from '../../crdt/docs/registers.ts'
import { kinds } from '../../crdt/docs/change.ts'
import { introduce, proveRoot } from '../../crdt/members/proofs.ts'
import { updatePayload } from '../../crdt/docs/updates.ts'
import { encode } from '../../crdt/wire/codec.ts'
import type { EntryId } from '../../crdt/wire/ids.ts'
import { limits } from '../../crdt/wire/limits.ts'
import { expandingUpdate } from '../doubles/expanding-update.ts'
import { setChange } from '../doubles/replica-world.ts'
import { Turncoat } from '../doubles/turncoat.ts'
import { codeOf, never, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

const replicaOf = (peer: SimPeer) => peer.peer!.meshFor(undefined).replica
/** The log that a device writes content in, as somebody holds it. */
const logOf = (author: SimPeer, at: SimPeer) => [...replicaOf(at).logs()].find(({ device, type }) => device === author.device && type === 'content')!

/** Everything that is shown of state, members and history. */
async function shownAt(world: PeopleWorld, peer: SimPeer): Promise<{ state: unknown; members: unknown; history: readonly unknown[] }> {
  const { values } = await world.done(world.as(peer).state.list({ limit: 1_000 }))
  const { entries } = await world.done(world.as(peer).audit.query({ newest_first: false, limit: 1_000 }, () => undefined, never))
  const members = (await world.done(world.as(peer).members.list())).map(({ name, role, status }) => [name, role, status])
  return { state: values.map(({ key, value }) => [key, value]), members, history: entries.map(({ entry, by, changes, void: why }) => [entry, by, changes.map(({ text }) => text), why]) }
}

const forksAt = async (world: PeopleWorld, peer: SimPeer): Promise<unknown> => (await world.done(world.as(peer).mesh.info())).forks.map(({ member, seq }) => [member, seq])

/** What the entries of a history say, those of these ids left out. */
const without = (history: readonly unknown[], ids: readonly string[]): unknown => history.filter((entry) => !ids.includes((entry as [string])[0]))

describe('an adversary', () => {
  test('T4 T7: signs a second entry at an old number after its removal: the history is what it was, and it is named', async () => {
    using world = new PeopleWorld('late-fork')
    const [alice, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
    for (const i of [1, 2, 3]) await world.setState(mallory, `said ${i}`, i)
    await world.time.advance(5_000)
    const { log, seq, id } = logOf(mallory, alice)
    const turned = new Turncoat(world, mallory)
    await world.done(world.as(alice).members.remove('mallory'))
    await world.time.advance(5_000)
    const was = await shownAt(world, alice)
    const fork = turned.forge.forge(turned.forger, { log, seq: 1, previous: undefined, changes: [setChange('said 1', 'otherwise')] })
    const behind = turned.forge.forge(turned.forger, { log, seq: seq + 1, previous: id, frontier: undefined, changes: [setChange('said 4', 4)] })
    await turned.tell([alice, bob], [fork.bytes], [behind.bytes])
    for (const peer of [alice, bob]) {
      const now = await shownAt(world, peer)
      expect(now.state).toEqual(was.state)
      expect(now.members).toEqual(was.members)
      expect(without(now.history, [behind.id])).toEqual(was.history)
      expect(await forksAt(world, peer)).toEqual([['mallory', 1]])
    }
  })

  test('T4: dates itself back to before its removal, as an admin: what it signs removes and admits nobody, and its new log shows nothing', async () => {
    using world = new PeopleWorld('back-dated')
    const [alice, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
    await world.done(world.as(alice).members.setRole('mallory', 'admin'))
    await world.setState(mallory, 'before', 'stands')
    await world.time.advance(5_000)
    const turned = new Turncoat(world, mallory)
    const grant = turned.replica.grant()
    const { member: bobs } = turned.replica.membership.now().device(bob.device)!
    await world.done(world.as(alice).members.remove('mallory'))
    await world.time.advance(5_000)
    const was = await shownAt(world, alice)
    const eve = turned.forge.actor('eve')
    const ops: MemberOp[] = [
      { type: 'remove', grant, member: bobs, pins: [] },
      { type: 'admit', grant, member: eve.member, role: 'admin', invite: undefined, rootProof: proveRoot(turned.mesh, eve.identity.device, eve.root), introduction: introduce(eve.identity.signing, eve.identity.sealing, eve.member) },
    ]
    const signed = ops.map((op) => turned.operation(op))
    const content = turned.forge.forge(turned.forger, { changes: [setChange('before', 'changed'), setChange('planted', true)], clock: { ms: 1, counter: 0 } })
    await turned.tell([alice, bob], ...[...signed, content].map(({ bytes }) => [bytes]))
    for (const peer of [alice, bob]) {
      const now = await shownAt(world, peer)
      expect([now.state, now.members]).toEqual([was.state, was.members])
      expect(without(now.history, [...signed, content].map(({ id }) => id))).toEqual(was.history)
      expect(replicaOf(peer).membership.now().device(eve.identity.device)).toBeUndefined()
      // What it tried is kept under its name.
      const { entries } = await world.done(world.as(peer).audit.void(never))
      expect(entries.map(({ entry, by }) => [entry, by])).toEqual([[content.id, 'mallory']])
    }
    expect(await world.setState(bob, 'bob', 'writes on')).toBe('done')
    await world.time.advance(5_000)
    expect(await world.getState(alice, 'bob')).toBe('writes on')
  })

  test('C1 C2: grinds hashes and clocks to be shown first: it wins over what it did not know of, for as long as nobody answers', async () => {
    using world = new PeopleWorld('grinder')
    const [alice, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
    const turned = new Turncoat(world, mallory)
    await world.setState(alice, 'price', 100)
    await world.time.advance(5_000)
    const clock = { ms: Number.MAX_SAFE_INTEGER, counter: Number.MAX_SAFE_INTEGER }
    // Two hundred tries under the highest clock: one has the highest hash, and there are more than a change can name.
    const ground = Array.from({ length: 200 }, () => turned.forge.forge(turned.forger, { clock, changes: [setChange('price', 1)] }))
    await turned.tell([alice, bob], ...ground.map(({ bytes }) => [bytes]))
    for (const peer of [alice, bob]) expect(await world.getState(peer, 'price')).toBe(1)
    // Nothing is lost by it: what it stands before is still in the value's history, and each try says whose it is.
    const versions = await world.done(world.as(bob).state.history({ key: 'price', limit: 1_000 }))
    expect(versions.map(({ by, value }) => `${by} ${JSON.stringify(value)}`)).toContain('alice 100')
    expect(versions.filter(({ by }) => by === 'mallory')).toHaveLength(ground.length)
    await world.setState(bob, 'price', 100)
    await world.time.advance(5_000)
    for (const peer of [alice, bob]) {
      expect(await world.getState(peer, 'price')).toBe(100)
      expect(readRegister(replicaOf(peer).store, 'state', 'price')).toHaveLength(1)
    }
    expect(await shownAt(world, alice)).toEqual(await shownAt(world, bob))
    // Clocks of honest devices did not follow it.
    const [written] = await world.done(replicaOf(alice).write([{ type: 'set', doc: 'state', key: 'clock', value: '1' }]))
    expect(written!.clock.ms - world.time.clock.now()).toBeLessThanOrEqual(limits.clockLeadMs)
  })

  test('T8 C1: an update of a document that stands for two thousand million parts is passed over, and everybody writes on', async () => {
    using world = new PeopleWorld('poisoned')
    const [alice, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
    const { id } = await world.done(world.as(alice).documents.create({ title: 'plan', part: 'content', text: 'the ground' }))
    await world.time.advance(5_000)
    const poison = expandingUpdate(2 ** 31)
    expect(poison.length).toBeLessThan(64)
    for (let i = 0; i < 20; i++) await world.done(replicaOf(mallory).write([{ type: 'update', doc: id, part: 0, of: 1, bytes: i % 2 === 0 ? poison : Uint8Array.of(255, i) }]))
    await world.time.advance(5_000)
    for (const [peer, text] of [[alice, 'the house'], [bob, 'the roof']] as const) {
      await world.done(world.as(peer).documents.append({ document: id, part: 'content', text }))
      await world.time.advance(5_000)
    }
    // A device that comes later, and one that starts again, read all of it.
    const carol = world.peer('carol')
    await world.invite(alice, carol, 'carol')
    await world.done(bob.stop())
    bob.start()
    await world.time.advance(10_000)
    for (const peer of [alice, bob, carol, mallory]) expect((await world.done(world.as(peer).documents.show(id, 'content'))).text).toBe('the ground\nthe house\nthe roof')
    const { entries } = await world.done(world.as(carol).audit.query({ newest_first: false, limit: 1_000, by: 'mallory', kinds: new Set(['document_edited']) as never }, () => undefined, never))
    expect(entries).toHaveLength(20)
  })

  test('T8 C1: entries that say as much as an entry can cost rows for what they say and nothing for what they name', async () => {
    using world = new PeopleWorld('full-entries')
    const [alice, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
    const turned = new Turncoat(world, mallory)
    const nowhere = (i: number): EntryId => i.toString(16).padStart(64, '0') as EntryId
    const many = turned.forge.forge(turned.forger, { changes: Array.from({ length: limits.changesPerEntry }, (_, i) => setChange(`k${i % 7}`, i)) })
    const deep = turned.forge.forge(turned.forger, { changes: Array.from({ length: 100 }, (_, i) => setChange('deep', i, Array.from({ length: limits.depsPerChange }, (__, j) => nowhere(i * 64 + j + 1)))) })
    const parts = turned.forge.forge(turned.forger, { changes: Array.from({ length: limits.changesPerEntry }, (_, i) => ({ kind: kinds.yjsUpdate, doc: `d${i}`, deps: [], payload: encode(updatePayload, { part: 63, of: 64, bytes: new Uint8Array() }) })) })
    const unknown = turned.forge.forge(turned.forger, { changes: Array.from({ length: limits.changesPerEntry }, () => ({ kind: 9_999, doc: '', deps: [], payload: new Uint8Array(20) })) })
    const rows = (peer: SimPeer): number => (['register', 'message', 'receipt', 'update', 'snapshot'] as const).reduce((sum, table) => sum + replicaOf(peer).store.count(table), 0)
    const before = rows(alice)
    await turned.tell([alice, bob], ...[many, deep, parts, unknown].map(({ bytes }) => [bytes]))
    for (const peer of [alice, bob]) expect(rows(peer) - before).toBeLessThanOrEqual(limits.changesPerEntry + 16)
    expect(await shownAt(world, alice)).toEqual(await shownAt(world, bob))
    expect(await world.setState(alice, 'still', 'at work')).toBe('done')
    await world.time.advance(5_000)
    expect(await world.getState(bob, 'still')).toBe('at work')
  })

  test('T3 T10: says again what let somebody in, or what made a device somebody’s: nobody is let in or linked by that', async () => {
    using world = new PeopleWorld('replayed-proofs')
    const [alice, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
    const [admitted] = replicaOf(mallory).membership.history.entries.filter(({ op }) => op.type === 'admit' && op.introduction.device === bob.device)
    const said = admitted!.op as Extract<MemberOp, { type: 'admit' }>
    await world.done(world.as(alice).members.remove('bob'))
    await world.time.advance(5_000)
    const turned = new Turncoat(world, mallory)
    const grant = turned.replica.grant()
    const replays: MemberOp[] = [
      // As it was, under a grant of its own; without the invite; as a device of its own.
      { ...said, grant },
      { ...said, grant, invite: undefined },
      { type: 'link', grant, introduction: said.introduction, consent: said.introduction.sealingProof, rootProof: undefined },
      { type: 'link', grant, introduction: said.introduction, consent: said.rootProof, rootProof: said.rootProof },
    ]
    const signed = replays.map((op) => turned.operation(op))
    await turned.tell([alice], ...signed.map(({ bytes }) => [bytes]))
    for (const { id } of signed) expect(replicaOf(alice).membership.refusals.has(id)).toBe(true)
    expect(await world.member(alice, 'bob')).toMatchObject({ status: 'removed' })
    expect(replicaOf(alice).membership.now().device(bob.device)).toBeUndefined()
    // Another mesh of the adversary: there it is an owner, and still nobody is in unasked.
    const other = await turned.forge.found('mallory too')
    const elsewhere: MemberOp = { ...said, grant: other.replica.grant(), invite: undefined }
    expect(await turned.forge.done(codeOf(other.replica.operate(() => [elsewhere])))).toBe('not_permitted')
  })

  test('C3: announces what others wrote and never gives it: they are asked instead', async () => {
    using world = new PeopleWorld('withholds')
    const [alice, bob, carol, mallory] = (await world.people('alice', 'bob', 'carol', 'mallory')) as [SimPeer, SimPeer, SimPeer, SimPeer]
    world.part([alice], [bob, carol, mallory])
    for (let i = 0; i < 5; i++) await world.setState(carol, `unheard ${i}`, i)
    await world.time.advance(5_000)
    await world.done(carol.stop())
    const turned = new Turncoat(world, mallory)
    world.part([alice, mallory], [bob])
    const session = await turned.session(alice)
    const heads = [...turned.replica.logs()].map(({ log, type, device, seq, id }) => ({ log, type, device, seq: seq + 1_000, id, forked: false }))
    session.send({ type: 'heads', all: true, heads })
    await world.time.advance(1_000)
    expect(session.heard.some(({ type }) => type === 'want')).toBe(true)
    expect(await world.getState(alice, 'unheard 4')).toBeUndefined()
    await world.heal(20_000)
    expect(session.ended).toBeUndefined()
    for (let i = 0; i < 5; i++) expect(await world.getState(alice, `unheard ${i}`)).toBe(i)
    // Nobody says that it is in sync with somebody who holds more.
    const peers = await world.done(world.as(alice).peers.list())
    expect(Object.fromEntries(peers.map(({ name, synced }) => [name, synced]))).toMatchObject({ bob: true, mallory: false })
  })
})

test('T4: of two meshes on one connection, removed from one: the other goes on, and nothing of the first comes by it', async () => {
  using world = new PeopleWorld('two-meshes')
  const [alice, mallory] = (await world.people('alice', 'mallory')) as [SimPeer, SimPeer]
  const reef = replicaOf(alice).mesh
  await world.done(world.as(alice).meshes.create({ name: 'lagoon', relays: [], as: 'alice' }))
  const lagoon = [...alice.peer!.meshes.keys()].find((mesh) => mesh !== reef)!
  const inLagoon = (peer: SimPeer) => peer.services(lagoon, never)
  const inReef = (peer: SimPeer) => peer.services(reef, never)
  const { link } = await world.done(inLagoon(alice).mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member' }))
  await world.done(world.as(mallory).meshes.join({ link, name: 'mallory', wait: true }, () => undefined, never))
  await world.time.advance(10_000)
  await world.done(inReef(alice).members.remove('mallory'))
  await world.time.advance(60_000)
  const { network } = alice.peer!.needs
  expect(network.connected()).toEqual([mallory.device])
  await world.done(inReef(alice).state.set('secret', 'of the reef'))
  await world.done(inLagoon(alice).state.set('shared', 'in the lagoon'))
  await world.time.advance(10_000)
  expect((await world.done(inLagoon(mallory).state.list({ limit: 10 }))).values).toMatchObject([{ key: 'shared', value: 'in the lagoon' }])
  expect((await world.done(inReef(mallory).state.list({ limit: 10 }))).values).toEqual([])
  await world.done(inLagoon(mallory).state.set('answer', 'heard'))
  await world.time.advance(5_000)
  expect((await world.done(inLagoon(alice).state.list({ limit: 10 }))).values.map(({ key }) => key)).toContain('answer')
  expect((await world.done(inReef(alice).members.list())).map(({ name, status }) => [name, status])).toEqual([['alice', 'active'], ['mallory', 'removed']])
})
