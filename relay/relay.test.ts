import { once } from 'node:events'
import { connect } from 'node:net'
import { noise } from '@chainsafe/libp2p-noise'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { lpStream, type LengthPrefixedStream } from '@libp2p/utils'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterEach, expect, test, vi } from 'vitest'
import { decode, encode } from '../crdt/wire/codec.ts'
import { limits as wire } from '../crdt/wire/limits.ts'
import { protocols } from '../crdt/wire/protocols.ts'
import { rendezvousAnswer, rendezvousRequest, type RendezvousAnswer } from '../crdt/wire/rendezvous.ts'
import { hopProtocol, stopProtocol } from './hop-messages.ts'
import { bytesKey } from './peer-connections.ts'
import { startRelay, type Relay, type RelayOptions } from './relay.ts'
import type { RelayLimits } from './relay-limits.ts'

/** For what takes milliseconds on a machine that is not busy with something else. */
const deadlineMs = 30_000

const open: { stop(): unknown }[] = []
const logged: string[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.stop()))
  logged.length = 0
})

async function relayWith(limits: Partial<RelayLimits> = {}, more: Partial<RelayOptions> = {}): Promise<Relay> {
  const line = (event: string, fields: unknown = {}) => void logged.push(`${event} ${JSON.stringify(fields)}`)
  const relay = await startRelay({
    key: await generateKeyPair('Ed25519'), listen: '127.0.0.1:0', listenWs: '127.0.0.1:0', http: '127.0.0.1:0', limits,
    log: { info: line, warn: line, debug: line }, version: '0', ...more,
  })
  open.push(relay)
  return relay
}

const tcpOf = (relay: Relay): string => relay.addresses.find((address) => !address.includes('/ws')) ?? ''
const wsOf = (relay: Relay): string => relay.addresses.find((address) => address.includes('/ws')) ?? ''

/** A client as js-libp2p has them; it reserves at `via` before it resolves. */
async function client(via?: string, privateKey?: PrivateKey): Promise<Libp2p> {
  const node = await createLibp2p({
    ...(privateKey === undefined ? {} : { privateKey }),
    addresses: { listen: via === undefined ? [] : [`${via}/p2p-circuit`] },
    transports: [tcp(), webSockets(), circuitRelayTransport()],
    connectionEncrypters: [noise()], streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    // Circuits come from the relay's address too: at libp2p's five a second a client would refuse its own peers.
    connectionManager: { inboundConnectionThreshold: 1_000, maxIncomingPendingConnections: 1_000, dialTimeout: deadlineMs, addressDialTimeout: deadlineMs, inboundUpgradeTimeout: deadlineMs },
    services: { identify: identify() },
  })
  open.push(node)
  return node
}

const through = (via: string, to: Libp2p) => multiaddr(`${via}/p2p-circuit/p2p/${to.peerId.toString()}`)
/** Sends, and waits while the stream is full. (Its own `onDrain()` waits only the first time.) */
async function send(stream: Stream, bytes: Uint8Array, signal: AbortSignal = soon().signal): Promise<void> {
  if (!stream.send(bytes)) await drained(stream, signal)
}

function drained(stream: Stream, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const done = new AbortController()
  const listen = { signal: done.signal }
  stream.addEventListener('drain', () => resolve(), listen)
  stream.addEventListener('close', () => reject(new Error('closed while full')), listen)
  signal.addEventListener('abort', () => reject(new Error('full for too long')), listen)
  return promise.finally(() => done.abort())
}
const soon = () => ({ signal: AbortSignal.timeout(deadlineMs) })

async function serveEcho(node: Libp2p): Promise<void> {
  await node.handle('/test/echo', async (stream) => {
    for await (const chunk of stream) await send(stream, chunk.subarray())
    await stream.close()
  })
}

/** Sends `count` bytes that say where they stand, and checks that the same come back. */
async function echoes(connection: Connection, count: number): Promise<void> {
  const stream = await connection.newStream('/test/echo', soon())
  const reading = (async () => {
    let at = 0
    for await (const chunk of stream) for (const byte of chunk.subarray()) if (byte !== (at++ * 31) % 251) throw new Error(`wrong byte ${at}`)
    return at
  })()
  const block = 50_200 // a multiple of 251: each block is the same
  const bytes = Uint8Array.from({ length: block }, (_, i) => (i * 31) % 251)
  for (let sent = 0; sent < count; sent += block) await send(stream, bytes.subarray(0, Math.min(block, count - sent)))
  await stream.close(soon())
  expect(await reading).toBe(count)
}

/** Asks for something as circuit relay v2 does; resolves with the status. */
async function hop(connection: Connection, request: readonly number[]): Promise<{ status: number; stream: Stream }> {
  const framed = lpStream(await connection.newStream(hopProtocol, soon()))
  await framed.write(Uint8Array.from(request), soon())
  const answer = (await framed.read(soon())).subarray()
  const [low = 0, high = 0] = answer.subarray(answer.lastIndexOf(0x28) + 1)
  const status = (low & 0x7f) + high * 128
  const stream = framed.unwrap()
  if (status !== 100 || request[1] === 0) await stream.close(soon())
  return { status, stream }
}
const reserve = (connection: Connection) => hop(connection, [0x08, 0])
const connectTo = (connection: Connection, peer: Libp2p) => {
  const id = peer.peerId.toMultihash().bytes
  return hop(connection, [0x08, 1, 0x12, id.length + 2, 0x0a, id.length, ...id])
}

test('it says where it answers STUN, on UDP beside TCP and WebSocket', async () => {
  const relay = await relayWith()
  expect(relay.stun).toHaveLength(2)
  for (const address of relay.stun) expect(address).toMatch(/^\/ip4\/127\.0\.0\.1\/udp\/\d+$/)
})

test('T1: two peers meet over TCP and WebSocket and move megabytes both ways; the relay sees ciphertext', async () => {
  const relay = await relayWith()
  const [alice, bob] = await Promise.all([client(tcpOf(relay)), client(wsOf(relay))])
  await Promise.all([serveEcho(alice), serveEcho(bob)])
  expect(alice.getMultiaddrs().map(String)).toContain(through(tcpOf(relay), alice).toString())
  const connection = await bob.dial(through(wsOf(relay), alice), soon())
  expect(connection.limits).toBeUndefined()
  await Promise.all([echoes(connection, 5_000_000), echoes(connection, 3_000_000)])
  const back = alice.getConnections(bob.peerId)[0]
  expect(back?.remoteAddr.toString()).toContain('p2p-circuit')
  if (back !== undefined) await echoes(back, 1_000_000)
  expect(relay.status()).toMatchObject({ reservations: 2, circuits: 1, circuitsOpened: 1 })
  expect(relay.status().relayedBytes).toBeGreaterThan(18_000_000)
  await connection.close()
  await vi.waitFor(() => expect(relay.status().circuits).toBe(0))
})

test('T8: sixty quick clients of one address are all served', async () => {
  const relay = await relayWith({ exemptLoopback: false })
  const clients = await Promise.all(Array.from({ length: 60 }, () => client()))
  const answers = await Promise.all(clients.map(async (each) => reserve(await each.dial(multiaddr(tcpOf(relay)), soon()))))
  expect(answers.filter(({ status }) => status === 100)).toHaveLength(60)
  expect(relay.status().reservations).toBe(60)
  const [first] = clients
  if (first === undefined) throw new Error('no clients')
  await serveEcho(first)
  await Promise.all(clients.slice(1).map(async (other) => echoes(await other.dial(through(tcpOf(relay), first), soon()), 1_000)))
  expect(relay.status()).toMatchObject({ circuits: 59, refused: { connection_rate: 0, circuits_to_peer: 0 } })
}, 120_000)

test('a peer that reconnects again and again keeps its reservation, and others reach it each time', async () => {
  const relay = await relayWith({ reservations: 2 })
  const [alice, bob] = await Promise.all([client(), client(wsOf(relay))])
  await serveEcho(alice)
  for (let times = 0; times < 12; times++) {
    const connection = await alice.dial(multiaddr(tcpOf(relay)), soon())
    expect((await reserve(connection)).status).toBe(100)
    expect((await reserve(connection)).status).toBe(100)
    const circuit = await bob.dial(through(wsOf(relay), alice), soon())
    await echoes(circuit, 1_000)
    await connection.close()
    await vi.waitFor(() => expect(relay.status()).toMatchObject({ reservations: 1, circuits: 0 }))
    await vi.waitFor(() => expect(bob.getConnections(alice.peerId)).toEqual([]))
  }
})

test('a peer with a dead connection is reached on its newest one', async () => {
  const relay = await relayWith({ stopMs: 300 })
  const key = await generateKeyPair('Ed25519')
  const [asleep, bob] = await Promise.all([client(tcpOf(relay), key), client()])
  await asleep.unhandle(stopProtocol)
  await asleep.handle(stopProtocol, () => new Promise(() => {}))
  const awake = await client(tcpOf(relay), key)
  await serveEcho(awake)
  await echoes(await bob.dial(through(tcpOf(relay), awake), soon()), 1_000)
})

test('T8: a peer over its limit is refused with a reason, and others are unaffected', async () => {
  const relay = await relayWith({ circuitsPerPeer: 3, circuitsPerPair: 2, reservations: 3, requestsPerPeerBurst: 20, requestsPerPeerPerSecond: 0.001 })
  const via = tcpOf(relay)
  const [alice, bob, carol] = await Promise.all([client(via), client(via), client(via)])
  const [mallory, dave] = await Promise.all([client(), client()])
  await serveEcho(alice)
  const greedy = await mallory.dial(multiaddr(via), soon())
  const asked = [alice, alice, alice, bob, carol, mallory]
  const answers: number[] = []
  for (const peer of asked) answers.push((await connectTo(greedy, peer)).status)
  expect(answers).toEqual([100, 100, 201, 100, 201, 202])
  expect((await reserve(greedy)).status).toBe(200)
  expect((await connectTo(greedy, dave)).status).toBe(204)
  expect((await hop(greedy, [0x08])).status).toBe(400)
  expect((await hop(greedy, [0x08, 2])).status).toBe(401)
  for (let more = 0; more < 10; more++) await reserve(greedy)
  expect((await reserve(greedy)).status).toBe(201)
  await echoes(await dave.dial(through(via, alice), soon()), 10_000)
  expect(relay.status().refused).toMatchObject({ circuits_per_peer: 1, circuits_per_pair: 1, circuit_to_self: 1, reservations_full: 11, no_reservation: 1, malformed: 2, requests_per_peer: 1 })
  await greedy.close()
  await vi.waitFor(() => expect(relay.status().circuits).toBe(1))
})

test('T8: the newest connections of a peer stay', async () => {
  const relay = await relayWith({ connectionsPerPeer: 2 })
  const alice = await client()
  const connections: Connection[] = []
  for (let times = 0; times < 3; times++) connections.push(await alice.dial(multiaddr(tcpOf(relay)), { ...soon(), force: true }))
  await vi.waitFor(() => expect(connections.map(({ status }) => status)).toEqual(['closed', 'open', 'open']))
  expect(relay.status().refused.connections_per_peer).toBe(1)
})

test('T8: a receiver that stops reading stops its sender; the relay holds no more than its windows', async () => {
  const relay = await relayWith({ stallMs: 4_000 })
  const [alice, mallory] = await Promise.all([client(tcpOf(relay)), client()])
  await alice.unhandle(stopProtocol)
  const taken: Stream[] = []
  await alice.handle(stopProtocol, async (stream) => {
    taken.push(stream)
    const framed = lpStream(stream)
    await framed.read(soon())
    await framed.write(Uint8Array.from([0x08, 1, 0x20, 100]), soon())
    framed.unwrap().pause()
  })
  const { status, stream } = await connectTo(await mallory.dial(multiaddr(tcpOf(relay)), soon()), alice)
  expect(status).toBe(100)
  const stalled = await flood(stream)
  expect(stalled).toBeLessThan(4 * 1024 * 1024)
  const before = relay.status().relayedBytes
  expect(before).toBeLessThan(2 * 1024 * 1024)
  taken[0]?.addEventListener('message', () => {})
  taken[0]?.resume()
  await vi.waitFor(() => expect(relay.status().relayedBytes).toBeGreaterThan(before))
  expect(stream.status).toBe('open')
  taken[0]?.pause()
  await flood(stream)
  await vi.waitFor(() => expect([stream.status, taken[0]?.status, relay.status().circuits]).toEqual(['reset', 'reset', 0]), { timeout: deadlineMs })
  expect(relay.status().refused.slow_reader).toBe(1)
})

/** Sends until nothing is taken for a while; resolves with how much was. */
async function flood(stream: Stream): Promise<number> {
  const chunk = new Uint8Array(64 * 1024)
  for (let sent = chunk.length; ; sent += chunk.length) {
    const taken = await send(stream, chunk, AbortSignal.timeout(1_000)).then(() => true, () => false)
    if (!taken) return sent
  }
}

test('T8: a peer that sends more than its share waits for it, and is not cut', async () => {
  let now = Date.now()
  let later: (() => void)[] = []
  const clock = { now: () => now, after: (_: number, call: () => void) => (later.push(call), () => void (later = later.filter((other) => other !== call))) }
  const relay = await relayWith({ bytesPerPeerPerSecond: 1_000_000, bytesPerPeerBurst: 500_000 }, { clock })
  const [alice, bob, carol] = await Promise.all([client(tcpOf(relay)), client(), client()])
  await serveEcho(alice)
  await alice.handle('/test/sink', (stream) => stream.addEventListener('message', () => {}))
  const [greedy, other] = [await bob.dial(through(tcpOf(relay), alice), soon()), await carol.dial(through(tcpOf(relay), alice), soon())]
  const stream = await greedy.newStream('/test/sink', soon())
  await flood(stream)
  const before = relay.status().relayedBytes
  expect(before).toBeGreaterThan(400_000)
  expect(before).toBeLessThan(500_000 + 512 * 1024)
  await echoes(other, 10_000)
  now += 2_000
  for (const call of later.splice(0)) call()
  await flood(stream)
  expect(relay.status().relayedBytes).toBeGreaterThan(before + 400_000)
  expect(stream.status).toBe('open')
})

/** A rendezvous stream that remembers the newest answer for each code. */
async function meet(node: Libp2p, via: string) {
  const connection = await node.dial(multiaddr(via), soon())
  const stream = await connection.newStream(protocols.rendezvous, soon())
  const framed = lpStream(stream, { maxDataLength: wire.frameBytes })
  const seen = new Map<string, string[]>()
  const state: { refused?: string; answers: number } = { answers: 0 }
  const ended = read(framed, (answer) => {
    if (answer.type === 'refused') return void (state.refused = answer.reason)
    state.answers++
    seen.set(bytesKey(answer.code), answer.peers.map(bytesKey))
  })
  return {
    stream, framed, state, ended,
    stand: (behind: readonly Uint8Array[], watch: readonly Uint8Array[]) => framed.write(encode(rendezvousRequest, { type: 'stand', behind, watch }), soon()),
    peers: (code: Uint8Array) => seen.get(bytesKey(code)),
  }
}

/** Hands over answers until the stream ends. */
async function read(framed: LengthPrefixedStream<Stream>, take: (answer: RendezvousAnswer) => void): Promise<void> {
  for (;;) {
    const bytes = await framed.read().catch(() => undefined)
    if (bytes === undefined) return
    const answer = decode(rendezvousAnswer, bytes.subarray())
    if (!answer.ok) throw new Error(answer.detail)
    take(answer.value)
  }
}

const code = (n: number): Uint8Array => new Uint8Array(32).fill(n)
const idOf = (node: Libp2p): string => bytesKey(node.peerId.toMultihash().bytes)

test('peers that share a code find each other, and learn who leaves', async () => {
  const relay = await relayWith()
  const [alice, bob] = await Promise.all([client(), client()])
  const [a, b] = [await meet(alice, tcpOf(relay)), await meet(bob, wsOf(relay))]
  await a.stand([code(1)], [code(1), code(2)])
  await vi.waitFor(() => expect([a.peers(code(1)), a.peers(code(2))]).toEqual([[], []]))
  await b.stand([code(1)], [code(1)])
  await vi.waitFor(() => expect([a.peers(code(1)), b.peers(code(1))]).toEqual([[idOf(bob)], [idOf(alice)]]))
  expect(relay.status()).toMatchObject({ codes: 2, watchers: 2 })
  await bob.stop()
  await vi.waitFor(() => expect(a.peers(code(1))).toEqual([]))
  await a.stream.close()
  await vi.waitFor(() => expect(relay.status()).toMatchObject({ codes: 0, watchers: 0 }))
})

test('a newer stream of the same peer replaces the older, which is told so', async () => {
  const relay = await relayWith()
  const [alice, bob] = await Promise.all([client(), client()])
  const [old, b] = [await meet(alice, tcpOf(relay)), await meet(bob, tcpOf(relay))]
  await old.stand([code(1)], [])
  await b.stand([], [code(1), code(2)])
  const fresh = await meet(alice, tcpOf(relay))
  await fresh.stand([code(2)], [])
  await old.ended
  expect(old.state.refused).toBe('replaced')
  await vi.waitFor(() => expect([b.peers(code(1)), b.peers(code(2))]).toEqual([[], [idOf(alice)]]))
})

test('T8: at the limit of codes a peer is served, over it refused', async () => {
  const relay = await relayWith()
  const [alice, bob] = await Promise.all([client(), client()])
  const many = Array.from({ length: wire.codesPerPeer }, (_, n) => code(n))
  const a = await meet(alice, tcpOf(relay))
  await a.stand(many, many)
  await vi.waitFor(() => expect(a.state.answers).toBe(wire.codesPerPeer))
  const full = encode(rendezvousRequest, { type: 'stand', behind: many, watch: [] })
  const over = Uint8Array.from([...full.subarray(0, 1), wire.codesPerPeer + 1, ...full.subarray(2, -1), ...code(99), 0])
  for (const [request, reason] of [[over, 'too_many_codes'], [new Uint8Array(5_000), 'too_many_codes'], [Uint8Array.of(9), 'malformed']] as const) {
    const b = await meet(bob, tcpOf(relay))
    await b.framed.write(request, soon())
    await b.ended
    expect(b.state.refused).toBe(reason)
  }
  expect(a.stream.status).toBe('open')
})

test('T8: a watcher that stops reading is cut, and the others go on', async () => {
  const relay = await relayWith({ answerMs: 300, coalesceMs: 1, standsPerPeerBurst: 1e9 })
  const [alice, bob, carol] = await Promise.all([client(), client(), client()])
  const many = Array.from({ length: wire.codesPerPeer }, (_, n) => code(n))
  const deaf = await (await alice.dial(multiaddr(tcpOf(relay)), soon())).newStream(protocols.rendezvous, soon())
  deaf.pause()
  await lpStream(deaf).write(encode(rendezvousRequest, { type: 'stand', behind: [], watch: many }), soon())
  const [b, c] = [await meet(bob, tcpOf(relay)), await meet(carol, tcpOf(relay))]
  await c.stand([], [code(1)])
  await vi.waitFor(async () => {
    for (let times = 0; times < 20; times++) await b.stand(times % 2 === 0 ? many : [], [])
    expect(relay.status().refused.slow_reader).toBe(1)
  }, { timeout: 15_000, interval: 1 })
  await b.stand(many, [])
  await vi.waitFor(() => expect(c.peers(code(1))).toEqual([idOf(bob)]))
  expect([b.stream.status, c.stream.status]).toEqual(['open', 'open'])
})

test('T1: no log line and no metric names a peer, an address or a code', async () => {
  const relay = await relayWith({ circuitsPerPeer: 0 })
  const [alice, bob] = await Promise.all([client(tcpOf(relay)), client()])
  const a = await meet(alice, tcpOf(relay))
  await a.stand([code(1)], [code(1)])
  await expect(bob.dial(through(tcpOf(relay), alice), soon())).rejects.toThrow('RESOURCE_LIMIT_EXCEEDED')
  const said = [...logged, await (await fetch(`${relay.http}/metrics`)).text()].join('\n')
  expect(said).toContain('circuits_per_peer')
  for (const secret of [alice.peerId.toString(), bob.peerId.toString(), relay.peer, '127.0.0.1', '/tcp/', 'AQEBAQ', '010101']) expect(said).not.toContain(secret)
})

test('restarted with its key the relay is the same, and clients come back', async () => {
  const key = await generateKeyPair('Ed25519')
  const first = await relayWith({}, { key })
  const at = new URL(`http://${tcpOf(first).replace(/.*ip4\/([^/]+)\/tcp\/(\d+).*/, '$1:$2')}`).host
  const alice = await client(tcpOf(first))
  await first.stop()
  await vi.waitFor(() => expect(alice.getConnections()).toEqual([]))
  const second = await relayWith({}, { key, listen: at })
  expect([second.peer, tcpOf(second)]).toEqual([first.peer, tcpOf(first)])
  expect((await reserve(await alice.dial(multiaddr(tcpOf(first)), soon()))).status).toBe(100)
})

test('it stops within a second, with circuits that run and sockets that say nothing', async () => {
  const relay = await relayWith()
  const [alice, bob] = await Promise.all([client(tcpOf(relay)), client(wsOf(relay))])
  await serveEcho(alice)
  await bob.dial(through(wsOf(relay), alice), soon())
  const silent = [tcpOf(relay), wsOf(relay), relay.http].map((address) => connect(Number(/(?:tcp\/|:)(\d+)/.exec(address.replace('http://', ''))?.[1]), '127.0.0.1'))
  const gone = silent.map((socket) => once(socket.on('error', () => {}).resume(), 'close'))
  await Promise.all(silent.map((socket) => once(socket, 'connect')))
  const started = performance.now()
  await relay.stop()
  expect(performance.now() - started).toBeLessThan(1_000)
  await Promise.all(gone)
  await expect(fetch(`${relay.http}/health`)).rejects.toThrow('fetch failed')
})

test('H1: a port that is taken is named, and nothing is left running', async () => {
  const relay = await relayWith()
  const at = tcpOf(relay).replace(/.*ip4\/([^/]+)\/tcp\/(\d+).*/, '$1:$2')
  await expect(relayWith({}, { listen: at })).rejects.toThrow(`Cannot listen on ${at} or 127.0.0.1:0: another program listens there.`)
})

test('what is announced is handed out instead of what is bound', async () => {
  const relay = await relayWith({}, { announce: ['relay.example.org:4001', '/dns/relay.example.org/tcp/443/tls/ws'] })
  expect(relay.addresses).toEqual([`/dns/relay.example.org/tcp/4001/p2p/${relay.peer}`, `/dns/relay.example.org/tcp/443/tls/ws/p2p/${relay.peer}`])
})
