/** Newcomers who may not read what was before them: they are told how things stand (SPEC.md, history of newcomers). */
import { describe, expect, test } from 'vitest'
import { readRegister } from '../../crdt/docs/registers.ts'
import { codeOf, never, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

const replicaOf = (peer: SimPeer) => peer.peer!.meshFor(undefined).replica
const join = async (world: PeopleWorld, by: SimPeer, name: string, history: 'all' | 'since' | 'none'): Promise<SimPeer> => {
  const newcomer = world.peer(name)
  const { link } = await world.done(world.as(by).mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member', history }))
  await world.done(world.as(newcomer).meshes.join({ link, name, wait: true }, () => undefined, never))
  await world.time.advance(15_000)
  return newcomer
}
/** All that stands under a key: entries and values, whoever told of them. */
const standing = (peer: SimPeer, key: string, doc = 'state'): unknown => readRegister(replicaOf(peer).store, doc, key).map(({ entry, device, clock, deleted, value }) => ({ entry, device, clock, deleted, value }))
const same = (peers: readonly SimPeer[], ...keys: readonly string[]): void => {
  for (const key of keys) for (const peer of peers) expect([peer.name, key, standing(peer, key)]).toEqual([peer.name, key, standing(peers[0]!, key)])
}
/** Whoever let the newcomer in: it may have been anybody. */
const byTelling = /^bob \(as told by (alice|bob)\)$/
const opens = (peer: SimPeer): number => replicaOf(peer).ledger.keyring.epochs().length

describe('newcomers with no history', () => {
  test('C1 T6: see how things stand, by whom and by whose word, and open nothing that was written before', async () => {
    using world = new PeopleWorld('none')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    await world.setState(alice, 'old', 'first')
    await world.time.advance(2_000)
    await world.setState(bob, 'old', 'second')
    await world.setState(alice, 'gone', 1)
    await world.time.advance(2_000)
    await world.done(world.as(bob).state.delete('gone'))
    world.part([alice], [bob])
    await world.setState(alice, 'both', 'of alice')
    await world.setState(bob, 'both', 'of bob')
    await world.heal(5_000)
    await world.done(world.as(bob).memory.remember({ text: 'the harbour is deep', tags: [] }))
    await world.done(world.as(bob).messages.send({ to: ['*'], text: 'before your time', priority: 'next' }))
    await world.time.advance(3_000)
    const dave = await join(world, alice, 'dave', 'none')
    expect([opens(alice), opens(dave)]).toEqual([2, 1])
    same([alice, bob, dave], 'old', 'gone', 'both')
    expect(await world.done(world.as(dave).state.get('old'))).toMatchObject({ value: 'second', by: expect.stringMatching(byTelling) as unknown })
    expect((await world.done(world.as(bob).state.get('old'))).by).toBe('bob')
    expect((await world.done(world.as(dave).state.history({ key: 'old', limit: 9 }))).map(({ value }) => value)).toEqual(['second'])
    expect(await codeOf(world.done(world.as(dave).state.get('gone')))).toBe('key_unknown')
    expect((await world.done(world.as(dave).memory.recall({ query: 'harbour', limit: 9, tags: [] }))).map(({ text, by }) => [text, by])).toEqual([['the harbour is deep', expect.stringMatching(byTelling)]])
    expect((await world.done(world.as(dave).members.list())).map(({ name }) => name).sort()).toEqual(['alice', 'bob', 'dave'])
    expect(await world.done(world.as(dave).messages.inbox({ wait_ms: 0, limit: 9, peek: true }, never))).toEqual([])
    // What is written from now on takes the place of what was told, whoever writes it.
    await world.setState(dave, 'old', 'third')
    await world.setState(bob, 'both', 'one')
    await world.time.advance(5_000)
    same([alice, bob, dave], 'old', 'both', 'gone')
    expect((await world.done(world.as(alice).state.get('old')))).toMatchObject({ value: 'third', by: 'dave', concurrent: [] })
    expect((await world.done(world.as(dave).state.get('both')))).toMatchObject({ value: 'one', by: 'bob', concurrent: [] })
    await world.done(dave.stop())
    dave.start()
    await world.done(replicaOf(dave).rebuild())
    same([alice, bob, dave], 'old', 'both', 'gone')
    expect((await world.done(world.as(dave).messages.send({ to: ['bob'], text: 'hello', priority: 'now' }))).recipients).toEqual(['bob'])
    await world.done(world.as(bob).messages.send({ to: ['dave'], text: 'welcome', priority: 'now' }))
    await world.time.advance(10_000)
    expect((await world.done(world.as(dave).messages.inbox({ wait_ms: 0, limit: 9, peek: true }, never))).map(({ text }) => text)).toEqual(['welcome'])
  })

  test('C1 T4 T6: documents are told as they stand, and go on from there on every side', async () => {
    using world = new PeopleWorld('documents')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const { id } = await world.done(world.as(alice).documents.create({ title: 'plan', text: 'one', part: 'content' }))
    await world.time.advance(3_000)
    await world.done(world.as(bob).documents.append({ document: id, part: 'content', text: 'two' }))
    await world.time.advance(3_000)
    const text = async (at: SimPeer): Promise<string> => (await world.done(world.as(at).documents.show(id, 'content'))).text
    const dave = await join(world, alice, 'dave', 'none')
    expect([opens(dave), await text(dave)]).toEqual([1, 'one\ntwo'])
    expect((await world.done(world.as(dave).documents.list())).map(({ title }) => title)).toEqual(['plan'])
    await world.done(world.as(dave).documents.append({ document: id, part: 'content', text: 'three' }))
    await world.time.advance(3_000)
    await world.done(world.as(bob).documents.append({ document: id, part: 'content', text: 'four' }))
    await world.time.advance(3_000)
    for (const peer of [alice, bob, dave]) expect(await text(peer)).toBe('one\ntwo\nthree\nfour')
    await world.done(replicaOf(dave).rebuild())
    expect(await text(dave)).toBe('one\ntwo\nthree\nfour')
    // Dave built on what he was told of: removing Bob takes nothing of it.
    await world.done(world.as(alice).members.remove('bob'))
    await world.time.advance(60_000)
    for (const peer of [alice, dave]) expect(await text(peer)).toBe('one\ntwo\nthree\nfour')
    const erin = await join(world, alice, 'erin', 'none')
    expect(await text(erin)).toBe('one\ntwo\nthree\nfour')
  })

  test('T2: who tells newcomers what nobody wrote is named by members who can open the entry; a steward\'s word goes before', async () => {
    using world = new PeopleWorld('liar')
    const [alice, mallory] = (await world.people('alice', 'mallory')) as [SimPeer, SimPeer]
    await world.setState(alice, 'agreed', 'yes')
    await world.time.advance(3_000)
    await world.done(mallory.setOnline(false))
    const dave = await join(world, alice, 'dave', 'none')
    await world.done(mallory.setOnline(true))
    await world.time.advance(10_000)
    const { replica } = mallory.peer!.meshFor(undefined)
    const { entry } = readRegister(replica.store, 'state', 'agreed')[0]!
    const [begin] = await world.done(replica.write([{ type: 'checkpoint', doc: '', deps: [], said: { type: 'begin', covers: [] } }]))
    const [lie] = await world.done(replica.write([{ type: 'checkpoint', doc: 'state', deps: [begin!.entry], said: { type: 'register', key: 'agreed', heads: [entry], entry, value: '"no"' } }]))
    await world.time.advance(5_000)
    expect(await world.getState(dave, 'agreed')).toBe('yes')
    const { problems } = await world.done(world.as(alice).audit.verify(() => undefined, never))
    expect(problems.map((one) => [one.by, one.entry, one.problem])).toEqual([['mallory', lie!.entry, 'tells newcomers of state agreed what nobody wrote']])
    expect((await world.done(world.as(dave).audit.verify(() => undefined, never))).ok).toBe(true)
  })

  test('C1: what was written elsewhere, unaware of the newcomer, is told once it is known', async () => {
    using world = new PeopleWorld('unaware')
    const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer, SimPeer]
    await world.setState(alice, 'a', 1)
    await world.setState(alice, 'b', 1)
    await world.time.advance(3_000)
    world.part([alice, bob], [carol])
    const dave = world.peer('dave')
    world.part([alice, bob, dave], [carol])
    const { link } = await world.done(world.as(alice).mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member', history: 'none' }))
    await world.done(world.as(dave).meshes.join({ link, name: 'dave', wait: true }, () => undefined, never))
    await world.time.advance(5_000)
    await world.setState(dave, 'b', 'of dave')
    await world.setState(carol, 'a', 'of carol')
    await world.setState(carol, 'a', 'of carol again')
    await world.setState(carol, 'b', 'of carol')
    await world.setState(carol, 'c', 'new')
    await world.heal(60_000)
    same([alice, bob, carol, dave], 'a', 'b', 'c')
    expect(await world.getState(dave, 'a')).toBe('of carol again')
  })

  test('T4 T6: who is removed later takes along what was told of it beyond the pins; a second newcomer is told anew', async () => {
    using world = new PeopleWorld('told-and-void')
    const [alice, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
    await world.done(world.as(alice).members.setRole('bob', 'admin'))
    await world.setState(mallory, 'kept', 'known to all')
    await world.setState(alice, 'fallen', 'before')
    await world.time.advance(5_000)
    // Bob and the newcomer know what Alice does not when she removes Mallory.
    world.part([alice], [bob, mallory])
    await world.setState(mallory, 'fallen', 'late')
    await world.setState(mallory, 'lost', 'late')
    await world.time.advance(3_000)
    const dave = world.peer('dave')
    world.part([alice], [bob, mallory, dave])
    const { link } = await world.done(world.as(bob).mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member', history: 'none' }))
    await world.done(world.as(dave).meshes.join({ link, name: 'dave', wait: true }, () => undefined, never))
    await world.time.advance(5_000)
    expect([await world.getState(dave, 'fallen'), await world.getState(dave, 'lost')]).toEqual(['late', 'late'])
    await world.done(world.as(alice).members.remove('mallory'))
    await world.heal(90_000)
    same([alice, bob, dave], 'kept', 'fallen', 'lost')
    expect([await world.getState(dave, 'kept'), await world.getState(dave, 'fallen'), await world.getState(dave, 'lost')]).toEqual(['known to all', 'before', undefined])
    const erin = await join(world, alice, 'erin', 'none')
    same([alice, erin, dave], 'kept', 'fallen', 'lost')
  })

  test('T6: since: from the making of the invite on all can be opened; the stricter of mesh and invite holds', async () => {
    using world = new PeopleWorld('since')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    await world.setState(bob, 'early', 1)
    await world.time.advance(2_000)
    const { link } = await world.done(world.as(alice).mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member', history: 'since' }))
    await world.time.advance(5_000)
    await world.setState(bob, 'between', 1)
    await world.time.advance(2_000)
    const dave = world.peer('dave')
    await world.done(world.as(dave).meshes.join({ link, name: 'dave', wait: true }, () => undefined, never))
    await world.time.advance(45_000)
    same([alice, bob, dave], 'early', 'between')
    expect([(await world.done(world.as(dave).state.get('early'))).by, (await world.done(world.as(dave).state.get('between'))).by]).toEqual([expect.stringMatching(byTelling), 'bob'])
    // A founder who says none means every invite.
    using strict = new PeopleWorld('strict')
    const [erin, frank] = [strict.peer('erin'), strict.peer('frank')]
    await strict.done(strict.as(erin).meshes.create({ name: 'reef', relays: [], as: 'erin', history: 'none' }))
    await strict.setState(erin, 'x', 1)
    await strict.invite(erin, frank, 'frank')
    await strict.time.advance(20_000)
    expect([opens(erin), opens(frank), await strict.getState(frank, 'x')]).toEqual([2, 1, 1])
  })
})
