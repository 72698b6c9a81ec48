/** Relays that lie. Whoever has another way goes on, whoever has none is told; nothing a relay makes up is believed. */
import { randomBytes } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { encode } from '../../crdt/wire/codec.ts'
import { toHex, type DeviceId } from '../../crdt/wire/ids.ts'
import { rendezvousAnswer } from '../../crdt/wire/rendezvous.ts'
import { deviceToPeerId } from '../../node/host/libp2p/device-peer-id.ts'
import type { FrameStream, Network } from '../../node/ports/network.ts'
import { LocalPeer } from '../bench/peers.ts'
import { libp2pPeer, until } from '../contract/network-libp2p-world.ts'
import { quickRuntime } from '../contract/network-quick-runtime.ts'
import { RelayOnLoopback } from '../contract/network-relay.ts'
import { bytesHeld, meshOf, workGoesOn } from '../doubles/honest-work.ts'
import { HostileRelay, type Lies } from '../doubles/hostile-relay.ts'

const protocol = '/atoll/test/1'
const never = new AbortController().signal
const patience = { timeout: 40_000, interval: 20 }
const unreachable = { listen: [], listenWs: [] }
const peerBytes = (device: DeviceId): Uint8Array => deviceToPeerId(device).toMultihash().bytes
const stranger = (): Uint8Array => peerBytes(toHex(new Uint8Array(randomBytes(32))) as DeviceId)

async function reserved(relays: readonly string[], ...peers: readonly Network[]): Promise<void> {
  for (const peer of peers) {
    peer.useRelays(relays)
    await until(() => peer.relays().every((relay) => relay.reserved), 'all reservations', patience)
  }
}

/** What one end of a stream hears: the first four bytes of each frame, and why it ended. */
function listen(stream: FrameStream): { readonly numbers: number[]; why: string | undefined } {
  const heard: { readonly numbers: number[]; why: string | undefined } = { numbers: [], why: undefined }
  stream.onFrame((frame) => heard.numbers.push(new DataView(frame.buffer, frame.byteOffset).getUint32(0)))
  stream.onClose((why) => {
    heard.why = why
  })
  return heard
}

function numbered(n: number): Uint8Array {
  const frame = new Uint8Array(5_000)
  new DataView(frame.buffer).setUint32(0, n)
  return frame
}

test('T1 T2: a relay that joins a caller to somebody else is found out, and another relay is taken', async () => {
  await using relay = await HostileRelay.start()
  await using honest = await RelayOnLoopback.start()
  await using a = await libp2pPeer(unreachable)
  await using b = await libp2pPeer(unreachable)
  await using mallory = await libp2pPeer(unreachable)
  let robbed = 0
  mallory.handle(protocol, () => robbed++)
  b.handle(protocol, (stream) => void listen(stream))
  await reserved([relay.address], a, b, mallory)
  relay.lies.joins = () => peerBytes(mallory.device)
  await expect(a.open(b.device, protocol, never)).rejects.toMatchObject({ code: 'peer_unreachable' })
  await reserved([relay.address, honest.address], a, b)
  const stream = await a.open(b.device, protocol, never)
  expect([stream.remote, relay.asked.connect > 0, robbed]).toEqual([b.device, true, 0])
})

test('T2: a relay that brings a caller under another name brings nobody', async () => {
  await using relay = await HostileRelay.start({ names: stranger })
  await using a = await libp2pPeer(unreachable)
  await using b = await libp2pPeer(unreachable)
  let calls = 0
  b.handle(protocol, () => calls++)
  await reserved([relay.address], a, b)
  await expect(a.open(b.device, protocol, never)).rejects.toMatchObject({ code: 'peer_unreachable' })
  expect([calls, b.connected()]).toEqual([0, []])
  relay.lies.names = (caller) => caller
  expect((await a.open(b.device, protocol, never)).remote).toBe(b.device)
})

const held: [Uint8Array, (chunk: Uint8Array) => void][] = []
test.each<[string, NonNullable<Lies['passes']>, boolean]>([
  ['changes', (chunk, n, send) => send(n % 3 === 0 ? chunk.map((byte, i) => (i === chunk.length >> 1 ? byte ^ 1 : byte)) : chunk), false],
  ['makes up', (chunk, n, send) => [chunk, ...(n % 3 === 0 ? [new Uint8Array(randomBytes(1_000))] : [])].forEach(send), false],
  ['loses', (chunk, n, send) => void (n % 3 === 0 || send(chunk)), false],
  ['repeats', (chunk, n, send) => [chunk, ...(n % 3 === 0 ? [chunk] : [])].forEach(send), false],
  ['swaps', (chunk, n, send) => {
    held.push([chunk, send])
    if (n % 2 === 1) for (const [late, give] of held.splice(0).toReversed()) give(late)
  }, false],
  ['splits and holds back', (chunk, n, send) => {
    held.push([chunk.subarray(0, 1), send], [chunk.subarray(1), send])
    if (n % 2 === 1) for (const [late, give] of held.splice(0)) give(late)
  }, true],
])('T2 T8: what a relay %s of a circuit arrives as it was sent or not at all, and ends with a reason', async (_, passes, harmless) => {
  await using relay = await HostileRelay.start()
  await using a = await libp2pPeer(unreachable)
  await using b = await libp2pPeer(unreachable)
  let far: ReturnType<typeof listen> | undefined
  b.handle(protocol, (stream) => {
    far = listen(stream)
  })
  await reserved([relay.address], a, b)
  const stream = await a.open(b.device, protocol, never)
  const near = listen(stream)
  stream.send(numbered(0))
  await until(() => far?.numbers.length === 1, 'the circuit works', patience)
  held.length = 0
  relay.lies.passes = passes
  const sent = [0]
  for (let n = 1; n <= 200 && near.why === undefined; n++) {
    stream.send(numbered(n))
    sent.push(n)
    if (n % 10 === 0) await a.ping(b.device, AbortSignal.timeout(harmless ? 1_000 : 100))
  }
  if (harmless) await until(() => (far?.numbers.length ?? 0) > 190, 'it arrives', patience)
  else await until(() => near.why !== undefined && far?.why !== undefined, 'both hear of the end', patience)
  expect(far?.numbers).toEqual(sent.slice(0, far?.numbers.length))
  expect([near.why, far?.why].map((why) => why !== undefined && why !== '')).toEqual([!harmless, !harmless])
})

/** Each answer is nonsense of another kind. */
function nonsense(): NonNullable<Lies['answers']> {
  let n = 0
  return (code) => {
    const kinds = [
      encode(rendezvousAnswer, { type: 'peers', code, peers: [new Uint8Array(), new Uint8Array(64), new Uint8Array(36).fill(255)] }),
      encode(rendezvousAnswer, { type: 'peers', code: new Uint8Array(32), peers: [stranger()] }),
      new Uint8Array(randomBytes(200)),
      new Uint8Array(300 * 1024),
      encode(rendezvousAnswer, { type: 'refused', reason: 'because' }),
    ]
    return [kinds[n++ % kinds.length] as Uint8Array]
  }
}

test.each<[string, Lies]>([
  ['changes every circuit', { passes: (chunk, n, send) => send(n > 6 ? chunk.map((byte) => byte ^ 1) : chunk) }],
  ['swallows every circuit', { passes: (chunk, n, send) => void (n > 6 || send(chunk)) }],
  ['answers reservations with nonsense', { reserved: () => new Uint8Array(randomBytes(500)) }],
  ['names strangers, hundreds of them', { answers: (code, truth) => [encode(rendezvousAnswer, { type: 'peers', code, peers: [...Array.from({ length: 200 }, stranger), ...truth] })] }],
  ['answers with nonsense of every kind', { answers: nonsense() }],
  ['answers a thousand times, each time otherwise', { answers: (code) => Array.from({ length: 1_000 }, () => encode(rendezvousAnswer, { type: 'peers', code, peers: [stranger()] })) }],
])('C3 T8: beside an honest relay, one that %s keeps nobody apart, and members dial members only', async (_, lies) => {
  await using hostile = await HostileRelay.start(lies)
  await using honest = await RelayOnLoopback.start()
  await using alice = await LocalPeer.open('alice', { listen: '' })
  await using bob = await LocalPeer.open('bob', { listen: '' })
  const before = bytesHeld()
  await meshOf([hostile.address, honest.address], alice, bob)
  await workGoesOn(alice, bob)
  const { connect } = hostile.asked
  await bob.peer.needs.network.setOnline(false)
  await alice.services.state.set('meanwhile', 1)
  await bob.peer.needs.network.setOnline(true)
  await vi.waitFor(async () => expect(await bob.services.state.get('meanwhile')).toMatchObject({ value: 1 }), patience)
  await workGoesOn(alice, bob)
  expect(alice.peer.needs.network.connected()).toEqual([bob.peer.identity.device])
  expect(lies.answers ? hostile.asked.connect - connect : 0).toBeLessThan(20)
  expect(bytesHeld() - before).toBeLessThan(32 * 1024 * 1024)
})

test('T8: a relay whose reservations last a moment, or for ever, is not asked more often than is decent', async () => {
  const quick = 20
  await using relay = await HostileRelay.start({ expires: () => Date.now() + 2_000 })
  await using a = await libp2pPeer({ ...unreachable, runtime: quickRuntime(quick) })
  const since = performance.now()
  await reserved([relay.address], a)
  await until(() => relay.asked.reserve >= 5, 'it is renewed', patience)
  expect((performance.now() - since) * quick).toBeGreaterThan(4 * 5_000 * 0.9)
  relay.lies.expires = () => Date.now() + 1e12
  await until(() => relay.asked.reserve >= 6, 'it is renewed once more', patience)
  expect(a.relays()).toMatchObject([{ connected: true, reserved: true, error: null }])
})
