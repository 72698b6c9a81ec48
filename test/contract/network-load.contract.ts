/** What every Network does under load: many frames, many bytes, many streams, a reader that takes nothing. */
import { expect, test } from 'vitest'
import { inEach, never, pair, protocol, type NetworkWorld } from './network-pair.ts'

export function networkLoadContract(openWorld: () => Promise<NetworkWorld>): void {
  const inWorld = inEach(openWorld)

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
  }))}

/** For worlds that can stop a reader: over WebRTC that takes a process of its own (network-stopped.test.ts). */
export function networkStallContract(openWorld: () => Promise<NetworkWorld>): void {
  const inWorld = inEach(openWorld)

  test('T8: a reader that takes nothing costs its sender a bounded memory, then the stream', inWorld(async (world) => {
    const { a, b, near } = await pair(world)
    world.stall?.(a, b)
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
}
