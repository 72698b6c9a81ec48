/** What members let each other do: private, the same on all devices of a member, enforced where it lands. */
import { createEncoder, toUint8Array, writeVarUint, writeVarUint8Array } from 'lib0/encoding'
import { expect, test } from 'vitest'
import { Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { verify } from '../../crdt/crypto/sign.ts'
import { kinds, setPayload, type Change } from '../../crdt/docs/change.ts'
import { grantKey, type Grantable } from '../../crdt/docs/grants.ts'
import { readRegister } from '../../crdt/docs/registers.ts'
import { openChanges, sealChanges } from '../../crdt/docs/sealed.ts'
import { localTables, projectionTables } from '../../crdt/docs/tables.ts'
import { readEntry, type Entry } from '../../crdt/log/entry.ts'
import { openWhisper } from '../../crdt/sync/whisper.ts'
import { openWhisperTo, type Said } from '../../crdt/sync/whisper-to-some.ts'
import { encode } from '../../crdt/wire/codec.ts'
import { toHex, type MemberId, type MeshId } from '../../crdt/wire/ids.ts'
import { limits } from '../../crdt/wire/limits.ts'
import { awarenessWhisper } from '../../node/peer/documents/live-documents.ts'
import type { Decision } from '../../node/peer/mesh/grants.ts'
import type { RunningMesh } from '../../node/peer/mesh/running-mesh.ts'
import { openEntry } from '../../node/peer/replica/open-entry.ts'
import { allRows } from '../../node/peer/replica/rows.ts'
import type { GrantLine, SessionInfo } from '../../node/ports/services.ts'
import { ReplicaWorld } from '../doubles/replica-world.ts'
import { codeOf, never, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

class GrantsWorld extends PeopleWorld {
  async line(by: SimPeer, name: string): Promise<GrantLine | undefined> {
    return (await this.done(this.as(by).grants.list())).find((one) => one.name === name)
  }

  async allowed(by: SimPeer, name: string): Promise<readonly string[]> {
    const line = await this.line(by, name)
    return Object.entries(line?.grants ?? {}).filter(([, { allowed }]) => allowed).map(([what]) => what)
  }

  /** A session of an agent, in a directory that is searched for. */
  async sitDown(peer: SimPeer): Promise<void> {
    await this.done(peer.peer!.attach({ session: 'bobs-session', directory: canary, agent: 'claude', kind: 'mcp' }))
    await this.time.advance(30_000)
  }

  async send(by: SimPeer, to: readonly string[], text: string): Promise<string> {
    return (await this.done(this.as(by).messages.send({ to, text, priority: 'next' }))).id
  }

  async states(by: SimPeer, id: string): Promise<Record<string, string>> {
    return Object.fromEntries((await this.done(this.as(by).messages.status(id))).recipients.map(({ name, state }) => [name, state]))
  }

  async inbox(peer: SimPeer, peek = true): Promise<readonly string[]> {
    return (await this.done(this.as(peer).messages.inbox({ wait_ms: 0, limit: 100, peek }, never))).map(({ text }) => text)
  }

  async online(seenBy: SimPeer, name: string, mesh?: string): Promise<boolean> {
    return (await this.done(seenBy.services(mesh as MeshId | undefined, never).peers.list())).some((peer) => peer.name === name && peer.online)
  }

  async shown(seenBy: SimPeer, name: string): Promise<readonly SessionInfo[]> {
    return (await this.done(this.as(seenBy).peers.list())).filter((peer) => peer.name === name).flatMap(({ sessions }) => sessions)
  }

  /** Another device of somebody's member, by its root key. */
  async another(of: SimPeer, name: string, meanwhile: () => Promise<void> = async () => {}): Promise<SimPeer> {
    const [facts] = await this.done(this.as(of).recovery.facts())
    const root = toHex(of.disk.profile(of.name, () => true).keptRoot(facts!.mesh as MeshId)!)
    const fresh = this.peer(name)
    await this.done(meanwhile())
    await this.done(this.as(fresh).recovery.restore({ ...facts!, root, wait: false }, () => undefined, never), 600_000)
    return fresh
  }

  set(by: SimPeer, what: Grantable, name: string, allow: boolean): Promise<GrantLine> {
    return this.done(this.as(by).grants.set(what, name, allow))
  }
}

test('G1: without a word members may write and see where one works, guests may write; what runs or reads here nobody may', async () => {
  using world = new GrantsWorld('defaults')
  const [alice] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
  await world.invite(alice, world.peer('carol'), 'carol', 'guest')
  await world.time.advance(5_000)
  expect((await world.done(world.as(alice).grants.list())).map(({ name }) => name)).toEqual(['everyone', 'bob', 'carol'])
  expect(await world.allowed(alice, 'bob')).toEqual(['message', 'broadcast', 'machine', 'directory'])
  expect(await world.allowed(alice, 'carol')).toEqual(['message', 'broadcast'])
  await world.set(alice, 'directory', 'everyone', false)
  await world.set(alice, 'machine', 'everyone', true)
  await world.set(alice, 'directory', 'carol', true)
  expect(await world.allowed(alice, 'bob')).toEqual(['message', 'broadcast', 'machine'])
  expect(await world.allowed(alice, 'carol')).toEqual(['message', 'broadcast', 'machine', 'directory'])
  expect(await codeOf(world.set(alice, 'tools', 'alice', true))).toBe('bad_input')
  expect(await codeOf(world.done(world.as(alice).grants.block('everyone', true)))).toBe('bad_input')
  expect(await codeOf(world.done(world.as(alice).grants.block('mallory', true)))).toBe('member_unknown')
  await world.done(world.as(alice).grants.reset('everyone'))
  expect(await world.allowed(alice, 'bob')).toEqual(['message', 'broadcast', 'machine', 'directory'])
})

/** All that a peer's services tell of others, as of now. */
async function seenBy(world: GrantsWorld, peer: SimPeer, message: string, file: string): Promise<unknown> {
  const services = world.as(peer)
  return {
    peers: (await world.done(services.peers.list())).filter(({ name }) => name === 'bob'),
    members: await world.done(services.members.list()),
    status: await world.done(services.messages.status(message)),
    ping: await world.done(services.peers.ping()),
    explain: await world.done(services.peers.explain('bob')),
    file: await world.done(services.files.status(file, never)),
    fetched: await codeOf(world.done(services.files.get({ id: file, save_to: '/saved', overwrite: true, patience_ms: 2_000 }, () => undefined, never))),
    inbox: await world.done(services.messages.inbox({ wait_ms: 0, limit: 100, peek: true }, never)),
    info: { ...(await world.done(services.mesh.info())), entries: 0, logs: 0, bytes: 0 },
  }
}

test('G3: to the blocked everything is as if the other were offline: peers, members, receipts, pings, paths, files', async () => {
  const seen: unknown[] = []
  for (const how of ['block', 'stop'] as const) {
    using world = new GrantsWorld('blocked')
    const [, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
    await world.sitDown(bob)
    bob.files.content.set('/notes', new Uint8Array(100_000).fill(7))
    const { id: file } = await world.done(world.as(bob).files.share({ path: '/notes', tags: [], to: [] }, () => undefined, never))
    const before = await world.send(mallory, ['bob'], 'before')
    await world.time.advance(10_000)
    expect(await world.states(mallory, before)).toEqual({ bob: 'reached' })
    if (how === 'block') await world.done(world.as(bob).grants.block('mallory', true))
    else await world.done(bob.stop())
    await world.time.advance(1_000)
    const after = await world.send(mallory, ['bob', 'alice'], 'after')
    const all = [await seenBy(world, mallory, after, file)]
    for (const ms of [20_000, 120_000, 600_000]) {
      await world.time.advance(ms)
      all.push(await seenBy(world, mallory, after, file))
    }
    expect(await world.states(mallory, after)).toEqual({ alice: 'reached', bob: 'pending' })
    seen.push(all)
  }
  expect(seen[0]).toEqual(seen[1])
})

test('G3: a block holds from the first moment after a restart, and third parties pass nothing on', async () => {
  using world = new GrantsWorld('restart')
  const [alice, bob, mallory, dave] = (await world.people('alice', 'bob', 'mallory', 'dave')) as [SimPeer, SimPeer, SimPeer, SimPeer]
  await world.done(world.as(bob).grants.block('mallory', true))
  // Dave hears of Bob by way of others alone.
  world.net.cut(bob.device, dave.device)
  await world.time.advance(120_000)
  const heard = listen(mallory)
  await world.done(bob.stop())
  bob.start()
  await world.sitDown(bob)
  const ups: string[] = []
  for (let i = 0; i < 60; i++) {
    await world.time.advance(1_000)
    for (const name of ['alice', 'bob', 'dave']) if (await world.online(mallory, name)) ups.push(name)
  }
  expect(new Set(ups)).toEqual(new Set(['alice', 'dave']))
  expect(heard.authors()).not.toContain(bob.device)
  expect(heard.authors()).toContain(dave.device)
  expect(heard.closed(), 'what she cannot open is not even passed on to her').toBe(0)
  expect(await world.online(dave, 'bob')).toBe(true)
  expect(await world.shown(dave, 'bob'), 'by way of Alice').toMatchObject([{ directory: canary }])
  expect(await world.online(alice, 'bob')).toBe(true)
})

test('G3 C3: who is blocked still gets what is shared, from others, and can be let in again', async () => {
  using world = new GrantsWorld('shared')
  const [alice, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
  await world.done(world.as(bob).grants.block('mallory', true))
  expect(await world.setState(bob, 'from bob', 1)).toBe('done')
  expect(await world.setState(mallory, 'from mallory', 2)).toBe('done')
  await world.time.advance(10_000)
  expect([await world.getState(mallory, 'from bob'), await world.getState(bob, 'from mallory')]).toEqual([1, 2])
  const direct = await world.send(mallory, ['bob'], 'to you')
  const toAll = await world.send(mallory, ['*'], 'to all')
  await world.time.advance(60_000)
  expect(await world.states(mallory, toAll)).toEqual({ alice: 'reached', bob: 'pending' })
  expect(await world.inbox(bob)).toEqual([])
  expect(await world.inbox(alice)).toEqual(['to all'])
  expect(world.net.peer(bob.device)?.connected()).toEqual([alice.device])
  expect(await world.online(bob, 'mallory'), 'nor is anything heard of them').toBe(false)
  expect(await world.done(world.as(bob).grants.block('mallory', false))).toMatchObject({ blocked: false })
  await world.time.advance(30_000)
  expect(await world.inbox(bob)).toEqual(['to you', 'to all'])
  expect(await world.states(mallory, direct)).toEqual({ bob: 'reached' })
  expect([await world.online(mallory, 'bob'), await world.online(bob, 'mallory')]).toEqual([true, true])
})

test('G3: of two meshes that are shared the other goes on', async () => {
  using world = new GrantsWorld('two meshes')
  const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
  const reef = alice.peer!.meshFor('reef').id
  const lagoonId = (await world.done(world.as(alice).meshes.create({ name: 'lagoon', relays: [], as: 'alice' }))).mesh as MeshId
  const lagoon = alice.services(lagoonId, never)
  const { link } = await world.done(lagoon.mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member' }))
  await world.done(world.as(bob).meshes.join({ link, name: 'bob', wait: true }, () => undefined, never))
  await world.done(bob.services(reef, never).grants.block('alice', true))
  await world.time.advance(1_000)
  expect(await world.online(alice, 'bob', reef), 'as when a node stops').toBe(false)
  await world.time.advance(120_000)
  expect(await world.online(alice, 'bob', reef)).toBe(false)
  expect(await world.online(alice, 'bob', lagoonId)).toBe(true)
  expect(bob.peer!.engine.mesh(reef)?.sessions.size).toBe(0)
  expect(await codeOf(world.done(bob.services(lagoonId, never).state.set('still', 'here')))).toBe('done')
  await world.time.advance(5_000)
  expect((await world.done(lagoon.state.get('still'))).value).toBe('here')
})

test('G3: who edits a document beside whom is not told to the blocked, directly or by others', async () => {
  using world = new GrantsWorld('cursors')
  const [alice, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
  const { id } = await world.done(world.as(bob).documents.create({ title: 'plan', text: 'one', part: 'text' }))
  await world.time.advance(5_000)
  const heard = [alice, mallory].map(listen) as [Heard, Heard]
  const cursor = new Awareness(new Y.Doc())
  const editor = meshOf(bob).documents.join(id, { send: () => {}, close: () => {} })
  const move = async (to: number): Promise<readonly number[]> => {
    const before = heard.map((one) => one.cursors())
    cursor.setLocalState({ user: 'bob', at: to })
    const encoder = createEncoder()
    writeVarUint(encoder, 1)
    writeVarUint8Array(encoder, encodeAwarenessUpdate(cursor, [cursor.clientID]))
    editor.receive(toUint8Array(encoder))
    await world.time.advance(1_000)
    return heard.map((one, i) => one.cursors() - before[i]!)
  }
  expect(await move(1)).toEqual([1, 1])
  await world.done(world.as(bob).grants.block('mallory', true))
  expect(await move(2)).toEqual([1, 0])
  expect(heard[1].closed()).toBe(0)
  expect(heard[1].couldOpen(heard[0].last()!), 'nor would it help her to be handed it').toBe(false)
  await world.done(world.as(bob).grants.block('mallory', false))
  await world.time.advance(5_000)
  expect((await move(3)).every((count) => count > 0)).toBe(true)
  editor[Symbol.dispose]()
  cursor.destroy()
})

test('G4: messages that may not come are kept and never shown, and nobody says that they came, until they may', async () => {
  using world = new GrantsWorld('messages')
  const [, bob, carol] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer, SimPeer]
  await world.set(bob, 'message', 'carol', false)
  const direct = await world.send(carol, ['bob'], 'to you')
  const toAll = await world.send(carol, ['*'], 'to all')
  await world.time.advance(30_000)
  expect(await world.states(carol, direct)).toEqual({ bob: 'stored' })
  expect(await world.states(carol, toAll), 'a receipt would speak for the other too').toEqual({ alice: 'reached', bob: 'stored' })
  await world.set(bob, 'broadcast', 'everyone', false)
  expect(await world.inbox(bob)).toEqual([])
  await world.done(world.as(bob).grants.reset('everyone'))
  expect(await world.inbox(bob, false)).toEqual(['to all'])
  await world.done(world.as(bob).grants.reset('carol'))
  await world.time.advance(10_000)
  expect(await world.inbox(bob), 'though older than what was read').toEqual(['to you'])
  expect(await world.states(carol, direct)).toEqual({ bob: 'reached' })
})

test('G2: machine and directory, and a name made of it, reach those who may see them and nobody else', async () => {
  using world = new GrantsWorld('places')
  const [alice, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
  const heard = [alice, mallory].map(listen) as [Heard, Heard]
  await world.set(bob, 'directory', 'mallory', false)
  await world.sitDown(bob)
  expect(await world.shown(alice, 'bob')).toMatchObject([{ name: `claude-${folder}`, machine: 'bob', directory: canary }])
  expect(await world.shown(mallory, 'bob')).toMatchObject([{ name: 'claude-bobs-s', machine: 'bob', directory: null }])
  await world.set(bob, 'machine', 'mallory', false)
  await world.time.advance(1_000)
  expect(await world.shown(mallory, 'bob')).toMatchObject([{ name: 'claude-bobs-s', machine: null, directory: null }])
  expect(heard[0].tells(folder)).toBe(true)
  expect(heard[1].tells(folder), 'in nothing that she can open').toBe(false)
  expect(keeps(mallory, folder)).toBe(false)
  await world.set(bob, 'directory', 'mallory', true)
  await world.time.advance(1_000)
  expect(await world.shown(mallory, 'bob')).toMatchObject([{ name: `claude-${folder}`, machine: null, directory: canary }])
})

test('G2: in a mesh of many everybody hears, also whom only others reach', async () => {
  using world = new GrantsWorld('many')
  const names = Array.from({ length: limits.slotsPerWhisper + 2 }, (_, i) => `peer${i}`)
  const [, bob, ...others] = (await world.people('alice', 'bob', ...names)) as [SimPeer, SimPeer, ...SimPeer[]]
  const far = others.slice(-3)
  for (const peer of far) world.net.cut(bob.device, peer.device)
  await world.set(bob, 'directory', 'peer0', false)
  await world.sitDown(bob)
  for (const [i, peer] of others.entries()) expect(await world.shown(peer, 'bob'), `${peer.name}`).toMatchObject([{ directory: i === 0 ? null : canary }])
})

test('G2: a guest sees neither, from its first moment on, unless it is let', async () => {
  using world = new GrantsWorld('guest')
  const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
  await world.sitDown(bob)
  const carol = world.peer('carol')
  // Bob hears of her admission from her alone, and late.
  world.net.cut(alice.device, bob.device)
  await world.invite(alice, carol, 'carol', 'guest')
  const heard = listen(carol)
  await world.time.advance(5_000)
  expect(await world.shown(carol, 'bob')).toMatchObject([{ name: 'claude-bobs-s', machine: null, directory: null }])
  expect(heard.tells(folder)).toBe(false)
  await world.set(bob, 'directory', 'carol', true)
  await world.time.advance(1_000)
  expect(await world.shown(carol, 'bob')).toMatchObject([{ machine: null, directory: canary }])
  expect(heard.tells(folder)).toBe(true)
  await world.set(carol, 'directory', 'bob', false)
  expect(await world.allowed(carol, 'bob'), 'guests decide too').toEqual(['message', 'broadcast', 'machine'])
})

test('G1: nobody but the member’s own devices can read what it decided, and nobody else decides', async () => {
  using world = new GrantsWorld('private')
  const [alice, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
  await world.set(bob, 'tools', 'alice', true)
  await world.time.advance(10_000)
  const self = memberOf(bob)
  for (const peer of [alice, mallory]) expect(keeps(peer, `${self}/${memberOf(alice)}`)).toBe(false)
  expect(keeps(bob, `${self}/${memberOf(alice)}`)).toBe(true)
  expect((await world.done(world.as(mallory).audit.query({ newest_first: true, limit: 5 }, () => undefined, never))).entries.flatMap(({ changes }) => changes.map(({ text }) => text))).toContain('wrote something sealed for nobody else')
  // Mallory says so in Bob's name, sealed to his device; and another program of Bob's says it for all to read.
  const key = grantKey(self, memberOf(mallory), 'tools')
  expect(await codeOf(world.done(meshOf(mallory).replica.write([{ type: 'private', doc: 'grants', key, value: 'true', audience: [bob.device] }])))).toBe('not_permitted')
  await world.done(meshOf(bob).replica.receive([forgedDecision(mallory, bob, key).bytes]))
  expect(keeps(bob, key), 'it came, and could be opened').toBe(true)
  await world.done(meshOf(bob).replica.write([{ type: 'set', doc: 'grants', key, value: 'true' }]))
  expect(await world.allowed(bob, 'mallory')).not.toContain('tools')
  expect(readRegister(meshOf(bob).replica.store, 'grants', key)).toEqual([])
  await world.done(meshOf(bob).replica.rebuild())
  expect(await world.allowed(bob, 'alice')).toContain('tools')
})

test('G1 D3: another device of the member gets what was decided before it came, and of two decisions that knew nothing of each other the stricter counts', async () => {
  using world = new GrantsWorld('devices')
  const [, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
  await world.done(world.as(bob).grants.block('mallory', true))
  await world.set(bob, 'tools', 'alice', true)
  const phone = await world.another(bob, 'phone')
  await world.time.advance(20_000)
  expect((await world.line(phone, 'mallory'))?.blocked).toBe(true)
  expect(await world.allowed(phone, 'alice')).toContain('tools')
  await world.time.advance(120_000)
  expect(await world.online(mallory, 'bob')).toBe(false)
  // Apart, the phone lets her in again and the laptop does not know; then both decide about tools.
  world.part([phone], [bob])
  await world.done(world.as(phone).grants.block('mallory', false))
  await world.set(phone, 'files', 'alice', true)
  await world.set(bob, 'files', 'alice', false)
  await world.set(bob, 'machine', 'alice', false)
  await world.set(phone, 'machine', 'alice', true)
  expect((await world.line(bob, 'mallory'))?.blocked).toBe(true)
  await world.heal(60_000)
  for (const device of [bob, phone]) {
    expect((await world.line(device, 'mallory'))?.blocked, `${device.name}`).toBe(false)
    expect(await world.allowed(device, 'alice'), `${device.name}`).toEqual(['message', 'broadcast', 'tools', 'directory'])
    const before = await world.done(world.as(device).grants.list())
    await world.done(meshOf(device).replica.rebuild())
    expect(await world.done(world.as(device).grants.list()), `${device.name}`).toEqual(before)
  }
  expect(await world.online(mallory, 'bob')).toBe(true)
})

test('G1 T8: so many decisions are kept and no more; deciding otherwise and taking back is always possible', async () => {
  using world = new GrantsWorld('limit')
  const [alice] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
  const { grants } = meshOf(alice)
  const about = (i: number): Decision => ({ subject: i.toString(16).padStart(64, '0') as MemberId, what: 'tools', allow: true })
  await world.done(grants.decide(Array.from({ length: limits.grantsPerMember - 1 }, (_, i) => about(i))))
  expect(await codeOf(world.set(alice, 'tools', 'bob', true)), 'the last').toBe('done')
  expect(await codeOf(world.done(world.as(alice).grants.block('bob', true))), 'one over').toBe('grants_full')
  expect(await codeOf(world.set(alice, 'tools', 'bob', false))).toBe('done')
  expect(await codeOf(world.done(world.as(alice).grants.reset('bob')))).toBe('done')
  expect(await codeOf(world.done(world.as(alice).grants.block('bob', true)))).toBe('done')
})

test('G3 R3: a member who comes back by its root key is not taken back by who blocks it', async () => {
  using world = new GrantsWorld('recovery')
  const [alice, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
  await world.done(world.as(bob).grants.block('mallory', true))
  await world.done(alice.stop())
  expect(await codeOf(world.another(mallory, 'fresh', () => mallory.stop()))).toBe('nobody_online')
  mallory.start()
  alice.start()
  await world.time.advance(10_000)
  expect(await codeOf(world.another(mallory, 'fresher', () => mallory.stop())), 'others do').toBe('done')
})

const folder = 'canary-4711'
const canary = `/home/bob/${folder}`
const meshOf = (peer: SimPeer): RunningMesh => peer.peer!.meshFor(undefined)
const memberOf = (peer: SimPeer): MemberId => meshOf(peer).replica.membership.memberOf(peer.device)!

/** A decision in another's name, sealed so that it can read it. */
function forgedDecision(by: SimPeer, to: SimPeer, key: string): Entry {
  const { replica } = meshOf(by)
  const { identity, mesh } = replica
  const { runtime } = by.peer!.needs
  const recipient = { device: to.device, sealingKey: replica.membership.now().sealingKey(to.device)! }
  const change: Change = { kind: kinds.set, doc: 'grants', deps: [], payload: encode(setPayload, { key, value: 'true' }) }
  return new ReplicaWorld().forge({ identity, replica, runtime }, { changes: [sealChanges([change], [recipient], mesh, by.device, identity.wrapper, (length) => runtime.random.bytes(length))] }, mesh)
}

interface Heard {
  /** Who spoke in what a device could open with all its keys. */
  authors(): readonly string[]
  tells(text: string): boolean
  /** How many whispers it could not open. */
  closed(): number
  /** What came last, as it came. */
  last(): Uint8Array | undefined
  couldOpen(bytes: Uint8Array): boolean
  /** How often it was told where somebody edits. */
  cursors(): number
}

/** All whispers that come to a device, opened with every key it has. */
function listen(peer: SimPeer): Heard {
  const mesh = meshOf(peer)
  const { replica } = mesh
  const open = (bytes: Uint8Array): Said | undefined => openWhisperTo(replica.mesh, bytes, replica.identity.wrapper, verify) ?? openWhisper(replica.mesh, bytes, (epoch) => replica.ledger.keyring.whisperKey(epoch), verify)
  let last: Uint8Array | undefined
  const opened: { device: string; plain: string; cursor: boolean }[] = []
  let closed = 0
  const hear = mesh.hear.bind(mesh)
  mesh.hear = (bytes, from) => {
    const whisper = open(bytes)
    last = bytes
    if (whisper) opened.push({ device: whisper.device, plain: new TextDecoder().decode(whisper.plain), cursor: whisper.plain[0] === awarenessWhisper })
    else closed++
    hear(bytes, from)
  }
  return { authors: () => opened.map(({ device }) => device), tells: (text) => opened.some(({ plain }) => plain.includes(text)), closed: () => closed, last: () => last, couldOpen: (bytes) => open(bytes) !== undefined, cursors: () => opened.filter(({ cursor }) => cursor).length }
}

/** Whether a text stands anywhere in what a device keeps: its tables, and its entries as far as it can open them. */
function keeps(peer: SimPeer, text: string): boolean {
  const { replica } = meshOf(peer)
  const { mesh, identity, store } = replica
  const read = (bytes: Uint8Array): boolean => new TextDecoder('latin1').decode(bytes).includes(text)
  const rows = [...projectionTables, ...localTables].some((table) => [...allRows(store, table)].some(([key, value]) => key.includes(text) || read(value)))
  return rows || store.replay('content', 0, 10_000).some(({ bytes }) => {
    const entry = readEntry(bytes)
    const changes = entry.ok ? openEntry(replica, entry.entry) : 'nonsense'
    const inner = entry.ok && typeof changes !== 'string' ? changes.flatMap((change) => [change, ...(openChanges(change.payload, mesh, entry.entry.device, identity.device, identity.wrapper, () => true) ?? [])]) : []
    return inner.some(({ payload }) => read(payload))
  })
}
