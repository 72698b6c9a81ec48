/** A stranger with a real connection, and everything it may send: two members of a mesh go on, in bounded memory. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { nonceFrame, tagFrame } from '../../crdt/sync/handshake.ts'
import { encode } from '../../crdt/wire/codec.ts'
import { limits } from '../../crdt/wire/limits.ts'
import { protocols } from '../../crdt/wire/protocols.ts'
import { streamsPerProtocol } from '../../node/host/libp2p/connection-limits.ts'
import { joinFrame } from '../../node/peer/join/frames.ts'
import { LocalPeer } from '../bench/peers.ts'
import { bytesHeld, meshOf, workGoesOn } from '../doubles/honest-work.ts'
import { framed, HostilePeer, type HostileStream } from '../doubles/hostile-peer.ts'

const mebibyte = 1024 * 1024
const patience = { timeout: 40_000, interval: 20 }
/** What a test's own garbage and its attacker may weigh beside what is measured. */
const allowance = 48 * mebibyte

let alice: LocalPeer
let bob: LocalPeer
let address = ''

beforeAll(async () => {
  alice = await LocalPeer.open('alice')
  bob = await LocalPeer.open('bob')
  await meshOf([], alice, bob)
  address = alice.peer.needs.network.addresses()[0] ?? ''
})
afterAll(async () => {
  await Promise.all([alice, bob].map((peer) => peer[Symbol.asyncDispose]()))
})

const nonce = encode(nonceFrame, { nonce: new Uint8Array(32) })
const tag = encode(tagFrame, { tag: new Uint8Array(32) })

test.each([protocols.sync, protocols.join, protocols.recover])('T8: a frame of a gigabyte ends its stream of %s at its first bytes; so does a length without end', async (protocol) => {
  await using mallory = await HostilePeer.start()
  for (const bytes of [framed(new Uint8Array(100), 2 ** 30), framed(new Uint8Array(100), limits.handshakeBytes + 1), new Uint8Array(100).fill(0xff)]) {
    const stream = await mallory.open(address, protocol)
    stream.raw(bytes)
    expect(await stream.ended).toBe('reset')
  }
  await workGoesOn(alice, bob)
})

test.each<[string, readonly Uint8Array[]]>([
  ['no nonce', [new Uint8Array([1, 2, 3])]],
  ['nothing at all', [new Uint8Array()]],
  ['a nonce with something behind it', [Uint8Array.from([...nonce, 0])]],
  ['the tag of no mesh', [nonce, tag]],
  ['a tag that is none', [nonce, new Uint8Array([9])]],
  ['the longest frame for a tag', [nonce, new Uint8Array(limits.frameBytes)]],
])('T8 T1: a handshake with %s is ended, and tells nothing but a nonce', async (_, frames) => {
  await using mallory = await HostilePeer.start()
  const stream = await mallory.open(address, protocols.sync)
  for (const frame of frames) stream.send(frame)
  await stream.ended
  expect(stream.frames.map(({ length }) => length)).toEqual(frames.length > 1 ? [32] : [])
})

test.each<[string, readonly Uint8Array[]]>([
  ['garbage', [new Uint8Array([77, 1, 2])]],
  ['frames out of turn', [encode(joinFrame, { type: 'historyEnd' })]],
  ['an invite nobody opened', [encode(joinFrame, { type: 'hello', nonce: new Uint8Array(32) }), encode(joinFrame, { type: 'claim', opened: 'ab'.repeat(32) as never, proof: new Uint8Array(64) })]],
])('T8 H1: asking to be let in with %s is refused and the stream ended', async (_, frames) => {
  await using mallory = await HostilePeer.start()
  const stream = await mallory.open(address, protocols.join)
  for (const frame of frames) stream.send(frame)
  await stream.ended
  expect(await alice.services.mesh.info()).toMatchObject({ members: 2 })
})

test('T8: a thousand streams are cut to what one peer may have, and those left end with the time for a handshake', async () => {
  await using mallory = await HostilePeer.start()
  const before = bytesHeld()
  const streams: HostileStream[] = []
  let refused = 0
  for (let i = 0; i < 1_000; i++) {
    const stream = await mallory.open(address, protocols.sync).catch(() => undefined)
    if (stream === undefined) refused++
    else streams.push(stream)
    // What is begun and not ended has to be kept: as much of that as a handshake allows.
    stream?.raw(framed(new Uint8Array(4_000), limits.handshakeBytes))
  }
  expect(streams.length + refused).toBe(1_000)
  await vi.waitFor(() => expect(streams.filter(({ isOver }) => !isOver).length).toBeLessThanOrEqual(streamsPerProtocol), patience)
  await workGoesOn(alice, bob)
  expect(bytesHeld() - before).toBeLessThan(allowance)
  await Promise.all(streams.map(({ ended }) => ended))
  await workGoesOn(alice, bob)
})

test('T8: whoever asks to be let in and sends on and on is held to a few small frames', async () => {
  await using mallory = await HostilePeer.start()
  const before = bytesHeld()
  const streams = await Promise.all(Array.from({ length: 16 }, () => mallory.open(address, protocols.join)))
  const flood = framed(encode(joinFrame, { type: 'history', run: [new Uint8Array(200 * 1024)] }))
  const hello = encode(joinFrame, { type: 'hello', nonce: new Uint8Array(32) })
  // Half of them begin as they should: they are waited for, the others refused at once.
  const poured = await Promise.all(streams.map(async (stream, i) => {
    if (i % 2 === 0) stream.send(hello)
    return stream.pour(flood, 40 * mebibyte)
  }))
  expect(Math.max(...poured)).toBeLessThan(8 * mebibyte)
  expect(bytesHeld() - before).toBeLessThan(allowance)
  await Promise.all(streams.map(({ ended }) => ended))
  await workGoesOn(alice, bob)
})

test('T8: a stranger that opens and drops connection after connection keeps nobody else out', async () => {
  const before = bytesHeld()
  for (let round = 0; round < 40; round++) {
    await using mallory = await HostilePeer.start()
    const stream = await mallory.open(address, protocols.sync)
    stream.send(nonce)
  }
  await vi.waitFor(() => expect(alice.peer.needs.network.connected()).toEqual([bob.peer.identity.device]), patience)
  await workGoesOn(alice, bob)
  expect(bytesHeld() - before).toBeLessThan(allowance)
})
