import { expect, test } from 'vitest'
import { toHex, type DeviceId } from '../../crdt/wire/ids.ts'
import type { FrameStream, Network } from '../ports/network.ts'
import { MemoryWorld, type MemoryWorldOptions } from './memory-network-world.ts'
import { VirtualRuntime } from './virtual-runtime.ts'

const protocol = '/atoll/test/1'
const never = new AbortController().signal

test('frames take the time of their link, each way its own', async () => {
  const { runtime, world, a, b } = setUp()
  world.setLink(a.device, b.device, { latencyMs: 40 }, { oneWay: true })
  world.setLink(b.device, a.device, { latencyMs: 5 }, { oneWay: true })
  const arrivals: number[] = []
  b.handle(protocol, (stream) => stream.onFrame(() => arrivals.push(runtime.timers.elapsed())))
  const stream = await runtime.resolve(a.open(b.device, protocol, never), 1000)
  expect(runtime.timers.elapsed()).toBe(45)
  stream.send(Uint8Array.of(1))
  await runtime.advance(100)
  expect(arrivals).toEqual([85])
  expect(a.path(b.device)).toMatchObject({ path: 'direct:tcp', rtt_ms: 45 })
  expect(await runtime.resolve(a.ping(b.device, never), 1000)).toBe(45)
})

test('jitter never lets frames overtake each other', async () => {
  const { runtime, a, b, world } = setUp()
  world.setLink(a.device, b.device, { latencyMs: 1, jitterMs: 100 })
  const got: number[] = []
  b.handle(protocol, (stream) => stream.onFrame(([n]) => got.push(n!)))
  const stream = await runtime.resolve(a.open(b.device, protocol, never), 1000)
  for (let i = 0; i < 100; i++) {
    stream.send(Uint8Array.of(i))
    await runtime.advance(3)
  }
  await runtime.advance(1000)
  expect(got).toEqual(Array.from({ length: 100 }, (_, i) => i))
})

test('a cut that is mended in time loses nothing; a longer one ends the connection on both sides', async () => {
  const { runtime, world, a, b } = setUp()
  const { stream, got, closed, peers } = await connected(runtime, a, b)
  world.cut(a.device, b.device)
  stream.send(Uint8Array.of(1))
  await runtime.advance(10_000)
  expect([got, closed]).toEqual([[], []])
  world.mend(a.device, b.device)
  await runtime.advance(100)
  expect(got).toEqual([1])
  world.cut(a.device, b.device)
  await runtime.advance(14_000)
  expect(closed).toEqual([])
  await runtime.advance(2_000)
  expect(closed).toEqual(['no sign of life for 15 s', 'no sign of life for 15 s'])
  expect(peers).toEqual(['a false', 'b false'])
  await expect(runtime.resolve(a.open(b.device, protocol, never), 10_000)).rejects.toThrow(/did not answer in time/)
  world.heal()
  expect((await runtime.resolve(a.open(b.device, protocol, never), 1000)).remote).toBe(b.device)
})

test('a link that is cut one way carries nothing that way, and dies as well', async () => {
  const { runtime, world, a, b } = setUp()
  const { stream, got, closed } = await connected(runtime, a, b)
  const back: number[] = []
  stream.onFrame(([n]) => back.push(n!))
  world.cut(a.device, b.device, { oneWay: true })
  stream.send(Uint8Array.of(1))
  echoes.get(b)!.send(Uint8Array.of(2))
  await runtime.advance(1000)
  expect([got, back]).toEqual([[], [2]])
  await runtime.advance(15_000)
  expect(closed.length).toBe(2)
})

test('a stalled reader costs the stream after 15 s, not the connection', async () => {
  const { runtime, world, a, b } = setUp()
  const { stream, closed, peers } = await connected(runtime, a, b)
  world.stall(a.device, b.device)
  stream.send(Uint8Array.of(1))
  await runtime.advance(14_999)
  expect(closed).toEqual([])
  await runtime.advance(1)
  expect(closed).toEqual(['the other side has taken nothing for 15 s'])
  expect(peers).toEqual([])
  expect(await runtime.resolve(a.ping(b.device, never), 1000)).toBe(2)
})

test('partitions keep groups apart and are healed; who is in no group is in one with the others like it', async () => {
  const { runtime, world, a, b, more } = setUp()
  const [c, d] = [more(), more()]
  for (const peer of [a, b, c, d]) peer.handle(protocol, () => {})
  const reach = async (from: Network, to: Network): Promise<boolean> => runtime.resolve(from.open(to.device, protocol, never).then(() => true, () => false), 10_000)
  world.partition([[a.device, b.device]])
  expect([await reach(a, b), await reach(a, c), await reach(c, d), await reach(d, b)]).toEqual([true, false, true, false])
  world.heal()
  expect([await reach(a, c), await reach(d, b)]).toEqual([true, true])
})

test('a break ends every stream at once, with what was under way', async () => {
  const { runtime, world, a, b } = setUp()
  const { stream, got, closed, peers } = await connected(runtime, a, b)
  stream.send(Uint8Array.of(1))
  world.break(a.device, b.device)
  expect(closed).toEqual(['the connection broke', 'the connection broke'])
  await runtime.advance(1000)
  expect(got).toEqual([])
  expect(peers.toSorted()).toEqual(['a false', 'b false'])
})

test('streams that break by chance are the same for the same seed', async () => {
  const run = async (seed: number): Promise<number[]> => {
    const { runtime, world, a, b } = setUp({ seed })
    world.setLink(a.device, b.device, { breakChance: 0.1 })
    const got: number[] = []
    b.handle(protocol, (stream) => stream.onFrame(([n]) => got.push(n!)))
    for (let round = 0; round < 20; round++) {
      const stream = await runtime.resolve(a.open(b.device, protocol, never), 1000)
      for (let i = 0; i < 20; i++) stream.send(Uint8Array.of(i))
      await runtime.advance(1000)
    }
    return got
  }
  const [first, again, other] = [await run(1), await run(1), await run(2)]
  expect(first.length).toBeLessThan(400)
  expect(again).toEqual(first)
  expect(other).not.toEqual(first)
})

test('a sender that writes into a frame it has sent is found out', async () => {
  const { runtime, a, b } = setUp()
  const { stream, got } = await connected(runtime, a, b)
  const frame = Uint8Array.of(1)
  stream.send(frame)
  frame[0] = 99
  await runtime.advance(10)
  expect(got).toEqual([99])
})

test('those behind a code find each other, and see who goes; a device may join again', async () => {
  const { runtime, world, a, b } = setUp()
  const code = new Uint8Array(32).fill(7)
  const found: string[] = []
  a.onFound((text, peers) => found.push(`${text === toHex(code)} ${peers.map((peer) => (peer === b.device ? 'b' : '?')).join()}`))
  a.standBehind([code])
  await runtime.advance(100)
  b.standBehind([code])
  await runtime.advance(100)
  expect(found).toEqual(['true b'])
  expect(await runtime.resolve(b.lookUp(code, [], never), 100)).toEqual([a.device])
  await b.setOnline(false)
  await runtime.advance(100)
  expect(found).toEqual(['true b', 'true '])
  expect(() => world.join(b.device)).toThrow(/already joined/)
  await b[Symbol.asyncDispose]()
  world.join(b.device).standBehind([code])
  await runtime.advance(100)
  expect(found).toEqual(['true b', 'true ', 'true b'])
})

test('a better path is told to both', async () => {
  const { runtime, world, a, b } = setUp({ link: { path: 'relayed' } })
  const { stream } = await connected(runtime, a, b)
  const better: string[] = []
  for (const [name, peer] of [['a', a], ['b', b]] as const) peer.onBetterPath((remote) => better.push(`${name} ${peer.path(remote).path}`))
  expect(stream.path).toBe('relayed')
  world.setLink(a.device, b.device, { path: 'direct:tcp' })
  expect(better).toEqual(['a direct:tcp', 'b direct:tcp'])
})

test('sixty peers in a full mesh cost a moment', async () => {
  const runtime = new VirtualRuntime({ seed: 1 })
  const world = new MemoryWorld({ runtime })
  const peers = Array.from({ length: 60 }, () => world.join(toHex(runtime.random.bytes(32)) as DeviceId))
  let got = 0
  for (const peer of peers) peer.handle(protocol, (stream) => stream.onFrame(() => got++))
  const streams = await runtime.resolve(Promise.all(peers.flatMap((a, i) => peers.slice(i + 1).map((b) => a.open(b.device, protocol, never)))), 1000)
  for (const stream of streams) for (let i = 0; i < 10; i++) stream.send(new Uint8Array(100))
  await runtime.advance(100)
  expect(got).toBe(17_700)
})

const echoes = new Map<Network, FrameStream>()

function setUp({ seed = 1, link = {} }: { readonly seed?: number; readonly link?: MemoryWorldOptions['link'] } = {}): { runtime: VirtualRuntime; world: MemoryWorld; a: Network; b: Network; more: () => Network } {
  const runtime = new VirtualRuntime({ seed })
  const world = new MemoryWorld({ runtime, ...(link === undefined ? {} : { link }) })
  const more = (): Network => world.join(toHex(runtime.random.bytes(32)) as DeviceId)
  return { runtime, world, a: more(), b: more(), more }
}

/** A stream from a to b, what b got, why either end closed, and which peers went. */
async function connected(runtime: VirtualRuntime, a: Network, b: Network): Promise<{ stream: FrameStream; got: number[]; closed: string[]; peers: string[] }> {
  const got: number[] = []
  const closed: string[] = []
  const peers: string[] = []
  b.handle(protocol, (stream) => {
    echoes.set(b, stream)
    stream.onFrame(([n]) => got.push(n!))
    stream.onClose((why) => closed.push(why))
  })
  const stream = await runtime.resolve(a.open(b.device, protocol, never), 1000)
  stream.onClose((why) => closed.push(why))
  a.onPeer((_, up) => peers.push(`a ${up}`))
  b.onPeer((_, up) => peers.push(`b ${up}`))
  return { stream, got, closed, peers }
}
