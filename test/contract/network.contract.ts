/** What every Network does, whatever is beneath it. Run by network.test.ts over memory and over libp2p. */
import { expect, test, type TestContext } from 'vitest'
import type { DeviceId } from '../../crdt/wire/ids.ts'
import { limits } from '../../crdt/wire/limits.ts'
import { AtollError } from '../../node/ports/errors.ts'
import type { FrameStream, Network } from '../../node/ports/network.ts'
import type { Path } from '../../node/ports/services.ts'

/** A place where networks meet, and what a test may do to it. */
export interface NetworkWorld extends AsyncDisposable {
  /** How peers reach each other here. */
  readonly path: Path
  /** A new device, online. */
  peer(): Promise<Network>
  /** `a` learns where `b` is; where they have to meet first, they have met. */
  introduce(a: Network, b: Network): void | Promise<void>
  /** `to` takes nothing more of what `from` sends. Missing where the world cannot do that. */
  readonly stall?: (from: Network, to: Network) => void
  /** Lets time pass until the promise is settled. */
  settled<T>(promise: Promise<T>): Promise<T>
  /** Lets time pass until the condition holds. */
  until(condition: () => boolean, what: string): Promise<void>
}

const protocol = '/atoll/contract/1'
const never = new AbortController().signal
const nobody = 'ab'.repeat(32) as DeviceId

export function networkContract(openWorld: () => Promise<NetworkWorld>): void {
  const inWorld = (body: (world: NetworkWorld, context: TestContext) => Promise<void>) => async (context: TestContext) => {
    await using world = await openWorld()
    await body(world, context)
  }

  test('frames arrive whole and in order, both ways', inWorld(async (world) => {
    const { near, far } = await pair(world)
    const sizes = [0, 1, 127, 128, 16_383, 16_384, 70_000, 3, limits.frameBytes, 5]
    sizes.forEach((size, index) => near.stream.send(numbered(size, index)))
    sizes.forEach((size, index) => far.stream.send(numbered(size, index + 100)))
    await world.until(() => far.frames.length === sizes.length && near.frames.length === sizes.length, 'all frames')
    sizes.forEach((size, index) => {
      expect(same(far.frames[index]!, numbered(size, index)), `frame ${index} of ${size} bytes`).toBe(true)
      // A Buffer would have a slice() that does not copy.
      expect(Object.getPrototypeOf(far.frames[index])).toBe(Uint8Array.prototype)
      expect(same(near.frames[index]!, numbered(size, index + 100)), `frame ${index} back`).toBe(true)
    })
  }))

  test('ten thousand small frames sent at once arrive in order', inWorld(async (world) => {
    const { near, far } = await pair(world)
    const count = 10_000
    for (let i = 0; i < count; i++) near.stream.send(Uint8Array.of(i >> 8, i & 255))
    await world.until(() => far.frames.length === count, 'all frames')
    expect(far.frames.every(([high, low], i) => high === i >> 8 && low === (i & 255))).toBe(true)
  }))

  test('who sends much without credit waits for room, and all of it arrives', inWorld(async (world) => {
    const { near, far } = await pair(world)
    let sent = 0
    const sending = (async () => {
      for (; sent < 160; sent++) {
        near.stream.send(new Uint8Array(128 * 1024).fill(sent))
        await near.stream.room()
      }
    })()
    await world.until(() => far.frames.length === 160, 'all 20 MB are there')
    await world.settled(sending)
    expect(far.frames.every((frame, i) => frame.length === 128 * 1024 && frame[0] === i)).toBe(true)
    near.stream.close('done')
    await world.settled(near.stream.room())
  }))

  test('twenty megabytes are echoed, both ways at once', inWorld(async (world) => {
    const { near, far } = await pair(world)
    const frames = 160
    let back = 0
    const echoing = (async () => {
      for (let i = 0; i < frames; i++) {
        await world.until(() => far.frames.length > i, `frame ${i}`)
        far.stream.send(far.frames[i] as Uint8Array)
        await far.stream.room()
      }
    })()
    near.stream.onFrame((frame) => {
      expect(frame[0], 'in order').toBe(back)
      back++
    })
    for (let i = 0; i < frames; i++) {
      near.stream.send(new Uint8Array(128 * 1024).fill(i))
      await world.settled(near.stream.room())
    }
    await world.until(() => back === frames, 'all of it came back')
    await world.settled(echoing)
  }))

  test('a thousand streams, a hundred at a time, leave nothing behind', inWorld(async (world) => {
    const { a, b, near } = await pair(world)
    let open = 0
    let closed = 0
    b.handle(protocol, (stream) => {
      open++
      stream.onFrame((frame) => stream.send(frame))
      stream.onClose(() => closed++)
    })
    for (let round = 0; round < 10; round++) {
      let answers = 0
      const streams = await world.settled(Promise.all(Array.from({ length: 100 }, () => a.open(b.device, protocol, never))))
      for (const stream of streams) {
        stream.onFrame(() => answers++)
        stream.send(Uint8Array.of(round))
      }
      await world.until(() => answers === 100, `an answer on each of round ${round}`)
      for (const stream of streams) stream.close('done')
      await world.until(() => closed === open && open === 100 * (round + 1), `all of round ${round} are closed on the other side`)
    }
    expect(near.closed, 'the first one lives through all that').toEqual([])
  }))

  test('T8: a frame over the limit is refused where it is sent, and the stream goes on', inWorld(async (world) => {
    const { near, far } = await pair(world)
    expect(() => near.stream.send(new Uint8Array(limits.frameBytes + 1))).toThrow(AtollError)
    near.stream.send(new Uint8Array(limits.frameBytes))
    await world.until(() => far.frames.length === 1, 'the frame at the limit')
    expect(far.frames[0]?.length).toBe(limits.frameBytes)
    expect(near.closed).toEqual([])
  }))

  test('T8: a reader that takes short frames only loses the stream to a longer one, and may take longer ones later', inWorld(async (world) => {
    const { near, far } = await pair(world)
    far.stream.limitFrames(100)
    near.stream.send(new Uint8Array(100))
    await world.until(() => far.frames.length === 1, 'the frame at the limit')
    far.stream.limitFrames(1_000)
    for (const length of [1_000, 1_001, 1]) near.stream.send(new Uint8Array(length))
    await world.until(() => far.closed.length === 1 && near.closed.length === 1, 'the stream ends on both sides')
    expect(far.frames.map(({ length }) => length)).toEqual([100, 1_000])
    expect(far.closed).toEqual(['it sent a frame of more than 1000 bytes'])
  }))

  test('each side knows who the other is, and by which path', inWorld(async (world) => {
    const { a, b, near, far } = await pair(world)
    expect(near.stream.remote).toBe(b.device)
    expect(far.stream.remote).toBe(a.device)
    expect(near.stream.path).toBe(world.path)
    expect(a.path(b.device)).toMatchObject({ path: near.stream.path })
    expect(a.path(b.device).address).not.toBeNull()
    expect(a.path(nobody)).toEqual({ path: 'none', address: null, rtt_ms: null })
    expect(a.connected()).toEqual([b.device])
    expect(b.connected()).toEqual([a.device])
  }))

  test('a peer is up before its first stream, and streams are handed over in the order of opening', inWorld(async (world) => {
    const [a, b] = [await world.peer(), await world.peer()]
    const seen: string[] = []
    b.onPeer((_, up) => seen.push(up ? 'up' : 'down'))
    b.handle(protocol, (stream) => {
      const index = seen.filter((word) => word.startsWith('stream')).length
      seen.push(`stream ${index}`)
      stream.onFrame(([first]) => seen.push(`frame ${first} on ${index}`))
    })
    await world.introduce(a, b)
    for (let i = 0; i < 3; i++) {
      const stream = await world.settled(a.open(b.device, protocol, never))
      stream.send(Uint8Array.of(i))
      await world.until(() => seen.includes(`frame ${i} on ${i}`), `frame ${i}`)
    }
    a.drop(b.device, 'enough')
    await world.until(() => seen.includes('down'), 'b hears that a is gone')
    expect(seen.filter((word) => !word.startsWith('frame'))).toEqual(['up', 'stream 0', 'stream 1', 'stream 2', 'down'])
  }))

  test('what was sent before a close arrives before it; both sides hear of it once', inWorld(async (world) => {
    const { near, far } = await pair(world)
    for (let i = 0; i < 20; i++) near.stream.send(numbered(20_000, i))
    near.stream.close('done')
    expect(near.closed).toEqual(['done'])
    await world.until(() => far.closed.length > 0, 'the other side hears of it')
    expect(far.frames.length).toBe(20)
    near.stream.close('again')
    far.stream.close('me too')
    far.stream.send(Uint8Array.of(1))
    expect(near.closed).toEqual(['done'])
    expect(far.closed.length).toBe(1)
    const late: string[] = []
    far.stream.onClose((why) => late.push(why))
    await world.until(() => late.length === 1, 'a late listener is told as well')
    expect(late).toEqual(far.closed)
  }))

  test('dropping a peer closes its streams on both sides, and it may dial again', inWorld(async (world) => {
    const { a, b, near, far } = await pair(world)
    a.drop(b.device, 'misbehaved')
    await world.until(() => near.closed.length === 1 && far.closed.length === 1 && a.connected().length === 0 && b.connected().length === 0, 'both sides without a connection')
    await world.introduce(b, a)
    a.handle(protocol, () => {})
    const again = await world.settled(b.open(a.device, protocol, never))
    expect(again.remote).toBe(a.device)
  }))

  test('two hundred streams to one peer work side by side', inWorld(async (world) => {
    const [a, b] = [await world.peer(), await world.peer()]
    b.handle(protocol, (stream) => stream.onFrame((frame) => stream.send(frame)))
    await world.introduce(a, b)
    const answers = new Map<number, number>()
    const streams = await world.settled(Promise.all(Array.from({ length: 200 }, () => a.open(b.device, protocol, never))))
    streams.forEach((stream, index) => {
      stream.onFrame((frame) => answers.set(index, new DataView(frame.slice().buffer).getUint16(0)))
      stream.send(Uint8Array.of(index >> 8, index & 255))
    })
    await world.until(() => answers.size === 200, 'an answer on each')
    expect([...answers].every(([index, answer]) => index === answer)).toBe(true)
  }))

  test('opening fails with a code: nobody there, no such protocol, given up, switched off', inWorld(async (world) => {
    const [a, b] = [await world.peer(), await world.peer()]
    expect(await codeOf(world, a.open(nobody, protocol, never))).toBe('peer_unreachable')
    await world.introduce(a, b)
    expect(await codeOf(world, a.open(b.device, '/atoll/unknown/1', never))).toBe('peer_unreachable')
    const given = new AbortController()
    given.abort()
    expect(await codeOf(world, a.open(b.device, protocol, given.signal))).toBe('cancelled')
    await world.settled(b.setOnline(false))
    expect(await codeOf(world, a.open(b.device, protocol, never))).toBe('peer_unreachable')
    expect(a.attempts(b.device).find(({ outcome }) => outcome === 'failed')?.why).not.toBe('')
    expect(await codeOf(world, b.open(a.device, protocol, never))).toBe('offline')
  }))

  test('an open that is given up while it is under way ends at once', inWorld(async (world) => {
    const [a, b] = [await world.peer(), await world.peer()]
    await world.introduce(a, b)
    const given = new AbortController()
    const opening = codeOf(world, a.open(b.device, protocol, given.signal))
    given.abort()
    expect(await opening).toBe('cancelled')
  }))

  test('T8: a reader that takes nothing costs its sender a bounded memory, then the stream', inWorld(async (world, context) => {
    const { a, b, near } = await pair(world)
    if (world.stall === undefined) return context.skip('this world cannot stop a reader')
    world.stall(a, b)
    let sent = 0
    while (near.closed.length === 0 && sent < 64) {
      near.stream.send(new Uint8Array(128 * 1024))
      sent++
      await world.settled(Promise.resolve())
    }
    // Four MiB unsent, and what the transport had taken before.
    expect(near.closed.length).toBe(1)
    expect(sent * 128).toBeLessThanOrEqual(8 * 1024)
    expect(sent * 128).toBeGreaterThanOrEqual(4 * 1024)
  }))

  test('switched off, a network is silent; switched on, it is where it was', inWorld(async (world) => {
    const { a, b, near, far } = await pair(world)
    const before = b.addresses()
    expect(before.length).toBeGreaterThan(0)
    await world.settled(b.setOnline(false))
    expect(far.closed.length).toBe(1)
    expect(b.addresses()).toEqual([])
    expect(b.connected()).toEqual([])
    await world.until(() => near.closed.length === 1 && a.connected().length === 0, 'the other side hears of it')
    await world.settled(b.setOnline(true))
    await world.until(() => b.addresses().join() === before.join(), 'the addresses of before')
    const again = await world.settled(a.open(b.device, protocol, never))
    expect(again.remote).toBe(b.device)
  }))

  test('a ping takes its time, and gets none from who is not connected', inWorld(async (world) => {
    const { a, b } = await pair(world)
    const rtt = await world.settled(a.ping(b.device, never))
    expect(rtt).toBeGreaterThan(0)
    expect(await world.settled(a.ping(nobody, never))).toBeNull()
  }))
}

interface End {
  readonly stream: FrameStream
  readonly frames: Uint8Array[]
  readonly closed: string[]
}

/** Two peers and a stream between them. */
async function pair(world: NetworkWorld): Promise<{ a: Network; b: Network; near: End; far: End }> {
  const [a, b] = [await world.peer(), await world.peer()]
  const ends: End[] = []
  b.handle(protocol, (stream) => ends.push(watch(stream)))
  await world.introduce(a, b)
  const near = watch(await world.settled(a.open(b.device, protocol, never)))
  await world.until(() => ends.length === 1, 'the stream at the other side')
  return { a, b, near, far: ends[0]! }
}

function watch(stream: FrameStream): End {
  const end: End = { stream, frames: [], closed: [] }
  stream.onFrame((frame) => end.frames.push(frame))
  stream.onClose((why) => end.closed.push(why))
  return end
}

async function codeOf(world: NetworkWorld, promise: Promise<unknown>): Promise<string> {
  const outcome = world.settled(promise.then(() => 'opened', (error: unknown) => (error instanceof AtollError ? error.code : String(error))))
  return outcome
}

function numbered(size: number, salt: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + salt * 7) & 255)
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
