/** A member gone bad, and everything it may send to those who let it in: nothing forged is shown, and the others go on. */
import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { SyncFrame } from '../../crdt/sync/frames.ts'
import { toHex, type EntryId, type LogId, type MeshId } from '../../crdt/wire/ids.ts'
import { limits } from '../../crdt/wire/limits.ts'
import { LocalPeer } from '../bench/peers.ts'
import { bytesHeld, meshOf, shownBy, workGoesOn } from '../doubles/honest-work.ts'
import { HostileMember, type HostileSession } from '../doubles/hostile-member.ts'
import { bytesOf, setChange, type Forger } from '../doubles/replica-world.ts'

const mebibyte = 1024 * 1024
const patience = { timeout: 40_000, interval: 20 }
const id = <T extends string>(length: number): T => toHex(new Uint8Array(randomBytes(length))) as T
const entries = (run: readonly Uint8Array[]): SyncFrame => ({ type: 'entries', run })

let alice: LocalPeer
let bob: LocalPeer
let mallory: HostileMember
let joined: LocalPeer
let address = ''

beforeAll(async () => {
  alice = await LocalPeer.open('alice')
  bob = await LocalPeer.open('bob')
  joined = await LocalPeer.open('mallory')
  await meshOf([], alice, bob, joined)
  await workGoesOn(alice, bob)
  mallory = await HostileMember.of(joined)
  address = alice.peer.needs.network.addresses()[0] ?? ''
})
afterAll(async () => {
  await mallory[Symbol.asyncDispose]()
  await Promise.all([alice, bob, joined].map((peer) => peer[Symbol.asyncDispose]()))
})

/** Whatever a test did: two honest members work on, and hold nothing that was forged. */
async function othersAreSound(): Promise<void> {
  await workGoesOn(alice, bob)
  for (const peer of [alice, bob]) {
    const { keys, members } = await shownBy(peer)
    expect(keys.filter((key) => key.startsWith('forged'))).toEqual([])
    expect(members).toEqual(['alice', 'bob', 'mallory'])
  }
}
afterEach(othersAreSound)
// Each test is about one thing that is refused; what all of them weigh together would have it banned.
afterEach(() => {
  for (const { peer } of [alice, bob]) peer.misconduct[Symbol.dispose]()
})

test('T2: entries under its own keys that fit are taken and passed on: the double speaks the protocol', async () => {
  const session = await mallory.session(address)
  session.send(entries(bytesOf(mallory.forge.chain(mallory.forger, 3))))
  for (const peer of [alice, bob]) await vi.waitFor(async () => expect((await shownBy(peer)).keys).toEqual(expect.arrayContaining(['key 1', 'key 2', 'key 3'])), patience)
})

const forged = (parts: Parameters<HostileMember['forge']['forge']>[1] = {}, mesh?: MeshId, by: Forger = mallory.forger) => mallory.forge.forge(by, { changes: [setChange(`forged ${id(4)}`, 1)], ...parts }, mesh)

/** What of another's log is at its end. */
function endOf(peer: LocalPeer): { log: LogId; seq: number; previous: EntryId } {
  const { replica } = peer.peer.meshFor(undefined)
  const own = [...replica.logs()].find(({ device, type }) => device === peer.peer.identity.device && type === 'content')
  if (!own) throw new Error('it has written nothing')
  return { log: own.log, seq: own.seq + 1, previous: own.id }
}

test.each<[string, () => readonly Uint8Array[], RegExp]>([
  ['with a signature that was touched', () => [forged().bytes.map((byte, i, all) => (i === all.length - 1 ? byte ^ 1 : byte))], /^bad_entries:/],
  ['with a body that was touched', () => [forged().bytes.map((byte, i, all) => (i === all.length - 80 ? byte ^ 1 : byte))], /^bad_entries:/],
  ['cut short', () => [forged().bytes.slice(0, -1)], /^bad_entries:/],
  ['with something behind it', () => [Uint8Array.from([...forged().bytes, 0])], /^bad_entries:/],
  ['of another mesh', () => [forged({}, id<MeshId>(32)).bytes], /^bad_entries:/],
  ['in the log of another device', () => [forged(endOf(bob)).bytes], /^bad_entries:wrong_device/],
  ['in the name of another device', () => [forged({ ...endOf(bob), device: bob.peer.identity.device }).bytes], /^bad_entries:/],
  ['that are no entries', () => [new Uint8Array(randomBytes(300))], /^bad_entries:/],
  ['that are none', () => [], /^bad_entries:empty/],
  ['with one left out', () => bytesOf(mallory.forge.chain(mallory.forger, 3)).filter((_, i) => i !== 1), /^bad_entries:/],
  ['of two logs in one run', () => [forged().bytes, forged().bytes], /^bad_entries:wrong_log/],
])('T2 T8 T10: entries %s end the session with a reason, and show nowhere', async (_, run, why) => {
  const session = await mallory.session(address)
  session.send(entries(run()))
  expect(await session.bye()).toMatch(why)
  await session.stream.ended
})

test.each<[string, () => readonly (readonly Uint8Array[])[]]>([
  ['under an epoch that nobody started', () => [[forged({ epoch: id<EntryId>(32) }).bytes]]],
  ['sealed with another key than the epoch’s', () => [[forged({ key: new Uint8Array(32) }).bytes]]],
  ['whose beginning is missing', () => [bytesOf(mallory.forge.chain(mallory.forger, 3)).slice(1)]],
  ['in the wrong order', () => [bytesOf(mallory.forge.chain(mallory.forger, 3)).toReversed()]],
  ['known already, a thousand times', () => {
    const run = bytesOf(mallory.forge.chain(mallory.forger, 1))
    return Array.from({ length: 1_000 }, () => run)
  }],
])('T6 C1: entries %s change nothing that is shown, and the session goes on', async (_, runs) => {
  const session = await mallory.session(address)
  session.send(...runs().map(entries), { type: 'ping', token: 9 })
  expect(await session.next('pong')).toEqual({ type: 'pong', token: 9 })
})

test('T7: two entries with one number, sent together to each of two peers: both keep them as evidence and say whose they are', async () => {
  const [one] = mallory.forge.chain(mallory.forger, 1)
  const log = one?.log as LogId
  const twin = mallory.forge.chain(mallory.forger, 1, { log })
  for (const peer of [alice, bob]) {
    const session = await mallory.session(peer.peer.needs.network.addresses()[0] ?? '')
    session.send(entries([one?.bytes as Uint8Array]), entries(bytesOf(twin)))
    await vi.waitFor(async () => expect((await peer.services.mesh.info()).forks).toMatchObject([{ member: 'mallory', log, seq: 1 }]), patience)
  }
})

test.each<[string, readonly number[], string]>([
  ['garbage', [1, 2, 3], 'malformed_frame'],
  ['an entry of more than an entry may be', [4, 1, 0x80, 0x90, 0x0f], 'malformed_frame'],
  ['more heads than a frame may hold', [2, 1, 0xff, 0x7f], 'malformed_frame'],
  ['no frame of any version', [200, 1], 'malformed_frame'],
])('T8: %s ends the session with a reason', async (_, bytes, why) => {
  const session = await mallory.session(address)
  session.stream.send(new Uint8Array(bytes))
  expect(await session.bye()).toBe(why)
})

test('T8: a peer that asks for everything again and again and reads nothing is cut', async () => {
  for (let i = 0; i < 5; i++) await alice.services.state.set(`large ${i}`, 'x'.repeat(100_000))
  const session = await mallory.session(address)
  const before = bytesHeld()
  session.stream.stall()
  const { log } = endOf(alice)
  for (let i = 0; i < 60; i++) session.send({ type: 'want', logs: [{ log, after: 0 }] }, { type: 'credit', bytes: limits.creditWindowBytes })
  expect(await session.stream.ended).toBe('reset')
  expect(bytesHeld() - before).toBeLessThan(16 * mebibyte)
})

test('T8: floods of heads, wants, digests, pings and whispers cost bounded memory, and everybody else is served meanwhile', async () => {
  const before = bytesHeld()
  const session = await mallory.session(address)
  for (let i = 0; i < 40; i++) {
    const { device } = mallory.peer
    const heads = Array.from({ length: limits.headsPerFrame }, () => ({ log: id<LogId>(16), type: 'content' as const, device, seq: 7, id: id<EntryId>(32), forked: false }))
    session.send({ type: 'heads', all: i % 2 === 0, heads }, { type: 'want', logs: heads.slice(0, limits.wantsPerFrame).map(({ log }) => ({ log, after: 0 })) })
    for (let j = 0; j < 50; j++) session.send({ type: 'digest', digest: new Uint8Array(32) }, { type: 'ping', token: j }, { type: 'whisper', bytes: new Uint8Array(1_000) })
    if (i % 10 === 0) await workGoesOn(alice, bob)
  }
  session.send({ type: 'ping', token: 1_000 })
  for (let pong; pong?.token !== 1_000; ) pong = await session.next('pong')
  expect(bytesHeld() - before).toBeLessThan(80 * mebibyte)
})

test('T8: session upon session of one peer leaves one', async () => {
  const sessions: HostileSession[] = []
  for (let i = 0; i < 60; i++) sessions.push(await mallory.session(address))
  const replaced = await Promise.all(sessions.slice(0, -1).map((session) => session.bye()))
  expect(new Set(replaced)).toEqual(new Set(['replaced']))
  expect(alice.peer.engine.mesh(mallory.mesh)?.sessions.size).toBe(2)
})
