import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { generateKeyPair, generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { answered, echo, libp2pPeer, portOf, protocol, until } from '../../test/contract/network-libp2p-world.ts'
import { Proxy } from '../../test/contract/network-proxy.ts'
import { quickRuntime } from '../../test/contract/network-quick-runtime.ts'
import { limits } from '../../crdt/wire/limits.ts'
import { AtollError } from '../ports/errors.ts'
import type { FrameStream, Network } from '../ports/network.ts'
import { createNode, type Libp2pNode } from './libp2p/create-libp2p.ts'
import { deviceToPeerId } from './libp2p/device-peer-id.ts'
import { writeLength } from './libp2p/frame-decoder.ts'

const never = new AbortController().signal

test('the libp2p key is the device key', async () => {
  const seed = new Uint8Array(randomBytes(32))
  await using a = await libp2pPeer({ seed })
  const key = await generateKeyPairFromSeed('Ed25519', seed)
  expect(Buffer.from(key.publicKey.raw).toString('hex')).toBe(a.device)
  expect(a.addresses()[0]).toMatch(new RegExp(`/p2p/${deviceToPeerId(a.device).toString()}$`))
})

test('a port that was picked is kept when the network is switched off and on, at once', async () => {
  await using a = await libp2pPeer({ listen: ['127.0.0.1:0', '127.0.0.1:0'], listenWs: ['127.0.0.1:0'] })
  const before = a.addresses()
  expect(new Set(before.map(portOf)).size).toBe(3)
  for (let i = 0; i < 5; i++) {
    const off = a.setOnline(false)
    const on = a.setOnline(true)
    await off
    await on
    expect(a.addresses()).toEqual(before)
  }
})

test('an address that cannot be listened on is said to be so, at the start only', async () => {
  const server = createServer()
  const port = await new Promise<number>((listening) => server.listen(0, '127.0.0.1', () => listening((server.address() as { port: number }).port)))
  try {
    const failed = await libp2pPeer({ listen: [`127.0.0.1:${port}`] }).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(AtollError)
    expect((failed as AtollError).code).toBe('bad_input')
    expect((failed as AtollError).message).toMatch(/another program listens there/)
    for (const nonsense of ['somewhere', '127.0.0.1', '127.0.0.1:99999', '/ip4/nonsense']) await expect(libp2pPeer({ listen: [nonsense] })).rejects.toThrow(/Cannot listen/)
  } finally {
    server.close()
  }
})

test('where a picked port was taken meanwhile, another is picked', async () => {
  await using a = await libp2pPeer()
  const [before = ''] = a.addresses()
  await a.setOnline(false)
  const server = createServer()
  await new Promise<void>((listening) => server.listen(portOf(before), '127.0.0.1', listening))
  try {
    await a.setOnline(true)
    expect(a.addresses().length).toBe(1)
    expect(a.addresses()).not.toEqual([before])
  } finally {
    server.close()
  }
})

test('two that dial each other at the same moment both get their stream, and keep one connection', { timeout: 30_000 }, async () => {
  for (let round = 0; round < 5; round++) {
    await using a = await libp2pPeer({ runtime: quickRuntime(4) })
    await using b = await libp2pPeer({ runtime: quickRuntime(4) })
    const downs: string[] = []
    for (const peer of [a, b]) {
      peer.onPeer((device, up) => !up && downs.push(device))
      echo(peer)
    }
    a.learn(b.device, b.addresses())
    b.learn(a.device, a.addresses())
    const [there, back] = await Promise.all([a.open(b.device, protocol, never), b.open(a.device, protocol, never)])
    expect([await answered(there, 3), await answered(back, 4)]).toEqual([3, 4])
    there.close('done')
    back.close('done')
    await until(() => open(a, b) === 1 && open(b, a) === 1, 'one connection each')
    expect(await answered(await a.open(b.device, protocol, never), 5)).toBe(5)
    expect(downs).toEqual([])
  }
})

test('T8: a peer that dies without a word is noticed within fifteen seconds', { timeout: 30_000 }, async () => {
  const runtime = quickRuntime(4)
  await using a = await libp2pPeer({ runtime })
  await using b = await libp2pPeer()
  await using proxy = await behindProxy(a, b)
  const stream = await accepted(a, b)
  const closed: string[] = []
  stream.onClose((why) => closed.push(why))
  proxy.stall({ up: true, down: true })
  const since = runtime.timers.elapsed()
  await until(() => closed.length > 0 && a.connected().length === 0, 'a notices')
  // 14 s, and what a busy machine adds four times over.
  expect(runtime.timers.elapsed() - since).toBeLessThan(25_000)
  expect(closed[0]).toMatch(/no sign of life/)
})

test('after a sleep dead connections are found in seconds, live ones stay', { timeout: 30_000 }, async () => {
  const runtime = quickRuntime(2)
  await using a = await libp2pPeer({ runtime })
  await using dead = await libp2pPeer()
  await using alive = await libp2pPeer()
  await using proxy = await behindProxy(a, dead)
  await accepted(a, dead)
  a.learn(alive.device, alive.addresses())
  await accepted(a, alive)
  proxy.stall({ up: true, down: true })
  const since = runtime.timers.elapsed()
  runtime.aheadMs += 3_600_000
  await until(() => a.connected().length === 1, 'the dead one is gone')
  expect(runtime.timers.elapsed() - since).toBeLessThan(12_000)
  expect(a.connected()).toEqual([alive.device])
})

test('a machine that leaves a network drops the connections that ran over it, and keeps the others', async () => {
  let own = ['127.0.0.1', '192.0.2.7']
  await using a = await libp2pPeer({ ownAddresses: () => own })
  await using b = await libp2pPeer()
  const stream = await accepted((a.learn(b.device, b.addresses()), a), b)
  const closed: string[] = []
  stream.onClose((why) => closed.push(why))
  own = ['127.0.0.1', '198.51.100.7']
  await a.ping(b.device, never)
  expect(closed).toEqual([])
  own = ['198.51.100.7']
  await until(() => closed.length > 0, 'the connection is dropped')
  expect(closed).toEqual(['this machine has left that network'])
})

test('a peer that reconnects is not kept out by the connection it lost', { timeout: 30_000 }, async () => {
  const runtime = quickRuntime(2)
  await using a = await libp2pPeer({ runtime })
  const seed = new Uint8Array(randomBytes(32))
  const ups: boolean[] = []
  a.onPeer((_, up) => ups.push(up))
  echo(a)
  const b = await libp2pPeer({ seed })
  await using proxy = await behindProxy(b, a)
  await b.open(a.device, protocol, never)
  proxy.stall({ up: true, down: true })
  // The same device elsewhere: its old connection is still open as far as `a` knows.
  await using again = await libp2pPeer({ seed })
  again.learn(a.device, a.addresses())
  expect(await answered(await again.open(a.device, protocol, never), 9)).toBe(9)
  await until(() => open(a, again) === 1, 'the dead connection is dropped')
  expect(ups).toEqual([true])
  await b[Symbol.asyncDispose]()
})

test('T8: one peer gets no more than eight connections', async () => {
  await using a = await libp2pPeer()
  await using greedy = await bareNode()
  const address = multiaddr(a.addresses()[0])
  const dials = await Promise.allSettled(Array.from({ length: 20 }, () => greedy.node.services.inside.dial(address, AbortSignal.timeout(5_000))))
  expect(dials.length).toBe(20)
  await until(() => greedy.node.getConnections().filter(({ status }) => status === 'open').length <= 8, 'the others are refused')
  const [device = ''] = a.connected()
  expect(a.attempts(device as Network['device']).length).toBeLessThanOrEqual(8)
})

test('T8: a frame over the limit, or none at all, ends its stream and nothing else', async () => {
  await using a = await libp2pPeer()
  const closed: string[] = []
  a.handle(protocol, (stream) => {
    stream.onFrame(() => {})
    stream.onClose((why) => closed.push(why))
  })
  await using hostile = await bareNode()
  const connection = await hostile.node.services.inside.dial(multiaddr(a.addresses()[0]), AbortSignal.timeout(5_000))
  for (const [bytes, why] of [[frameHead(limits.frameBytes + 1), /more than 262144 bytes/], [frameHead(1024 ** 3), /no frame|more than/], [Uint8Array.of(0x80, 0x80, 0x00), /no frame/], [new Uint8Array(5).fill(0xff), /more than|no frame/]] as const) {
    const count = closed.length
    const stream = await connection.newStream(protocol)
    stream.send(bytes)
    await until(() => closed.length === count + 1, 'the stream is closed')
    expect(closed.at(-1)).toMatch(why)
  }
  expect(connection.status).toBe('open')
})

test('a refused stranger never counts as connected: open fails, or takes another way', async () => {
  const wanted = await generateKeyPair('Ed25519')
  await using refusing = await bareNode({ key: wanted, refuse: true })
  await using a = await libp2pPeer()
  const ups: string[] = []
  a.onPeer((device) => ups.push(device))
  const device = Buffer.from(wanted.publicKey.raw).toString('hex') as Network['device']
  a.learn(device, refusing.node.services.inside.listeners().flat().map(String))
  await expect(a.open(device, protocol, never)).rejects.toMatchObject({ code: 'peer_unreachable' })
  expect(ups).toEqual([])
  expect(a.connected()).toEqual([])
})

test('an address where somebody else answers is tried, and told', async () => {
  await using a = await libp2pPeer()
  await using b = await libp2pPeer()
  await using c = await libp2pPeer()
  echo(b)
  const [at = ''] = c.addresses()
  a.learn(b.device, [...b.addresses(), at.replace(/\/p2p\/.*/, ''), '/ip4/127.0.0.1/tcp/1', 'nonsense', at])
  expect(await answered(await a.open(b.device, protocol, never), 2)).toBe(2)
  a.drop(b.device, 'again')
  await b.setOnline(false)
  await expect(a.open(b.device, protocol, never)).rejects.toThrow(AtollError)
  const whys = a.attempts(b.device).map(({ why }) => why)
  expect(whys).toContain('another peer answers there')
  expect(whys).toContain('connection refused: nothing listens there')
})

test('the network stops within two seconds, whatever its peers do', async () => {
  const a = await libp2pPeer()
  const b = await libp2pPeer({ listen: [], listenWs: ['127.0.0.1:0'] })
  const c = await libp2pPeer()
  await using toB = await behindProxy(a, b)
  await using toC = await behindProxy(a, c)
  for (const peer of [b, c]) {
    const stream = await accepted(a, peer)
    stream.send(new Uint8Array(200_000))
  }
  toB.stall({ up: true, down: true })
  toC.stall({ up: true, down: true })
  const nobody = a.open('ab'.repeat(32) as Network['device'], protocol, never).catch((error: unknown) => error)
  const before = performance.now()
  await Promise.all([a, b, c].map((peer) => peer[Symbol.asyncDispose]()))
  expect(performance.now() - before).toBeLessThan(2_000)
  expect(await nobody).toBeInstanceOf(AtollError)
  for (const proxy of [toB, toC]) proxy.stall({ up: false, down: false })
  await until(() => toB.connections === 0 && toC.connections === 0, 'no socket is left')
})

interface BareNode extends AsyncDisposable {
  readonly node: Libp2pNode
}

/** A libp2p node without any of our manners. */
async function bareNode({ key, refuse = false }: { readonly key?: Awaited<ReturnType<typeof generateKeyPair>>; readonly refuse?: boolean } = {}): Promise<BareNode> {
  const node = await createNode({
    key: key ?? (await generateKeyPair('Ed25519')),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    gater: refuse ? { denyInboundUpgradedConnection: () => true } : {},
    transports: [],
    announced: () => [],
  })
  await node.start()
  return { node, [Symbol.asyncDispose]: async () => node.stop() }
}

async function behindProxy(from: Network, to: Network): Promise<Proxy> {
  const [address = ''] = to.addresses()
  const proxy = await Proxy.to(portOf(address))
  from.learn(to.device, [address.replace(/\/tcp\/\d+/, `/tcp/${proxy.port}`)])
  return proxy
}

/** A stream that the other side has accepted. */
async function accepted(from: Network, to: Network): Promise<FrameStream> {
  echo(to)
  const stream = await from.open(to.device, protocol, never)
  await answered(stream, 1)
  return stream
}

function open(of: Network, to: Network): number {
  return of.attempts(to.device).filter(({ outcome }) => outcome === 'in use' || outcome === 'available').length
}

function frameHead(length: number): Uint8Array {
  const head = new Uint8Array(8)
  return head.subarray(0, writeLength(head, 0, length))
}
