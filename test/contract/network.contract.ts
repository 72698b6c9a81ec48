/** What every Network does, whatever is beneath it. Run by network.test.ts over each transport; under load: network-load.contract.ts. */
import { expect, test } from 'vitest'
import { limits } from '../../crdt/wire/limits.ts'
import { AtollError } from '../../node/ports/errors.ts'
import { inEach, never, nobody, pair, protocol, type NetworkWorld } from './network-pair.ts'

export function networkContract(openWorld: () => Promise<NetworkWorld>): void {
  const inWorld = inEach(openWorld)

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

  test('G3: who is barred gets no connection and others do, until it is let in again', inWorld(async (world) => {
    const [a, b, c] = [await world.peer(), await world.peer(), await world.peer()]
    await world.introduce(a, b)
    await world.introduce(c, b)
    b.handle(protocol, () => {})
    let barred = true
    b.bar((remote) => barred && remote === a.device)
    b.drop(a.device, 'it is barred')
    await world.until(() => !b.connected().includes(a.device) && !a.connected().includes(b.device), 'no connection')
    const met: string[] = []
    b.onPeer((remote, up) => up && met.push(remote))
    expect(await codeOf(world, a.open(b.device, protocol, never))).toBe('peer_unreachable')
    expect([a.path(b.device).path, a.connected().includes(b.device), b.connected().includes(a.device), met.includes(a.device)]).toEqual(['none', false, false, false])
    expect(await codeOf(world, c.open(b.device, protocol, never))).toBe('opened')
    barred = false
    expect(await codeOf(world, a.open(b.device, protocol, never))).toBe('opened')
  }))

  test('an open that is given up while it is under way ends at once', inWorld(async (world) => {
    const [a, b] = [await world.peer(), await world.peer()]
    await world.introduce(a, b)
    const given = new AbortController()
    const opening = codeOf(world, a.open(b.device, protocol, given.signal))
    given.abort()
    expect(await opening).toBe('cancelled')
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
