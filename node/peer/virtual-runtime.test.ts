import { describe, expect, test } from 'vitest'
import { SeededRandom } from './virtual-runtime-random.ts'
import { VirtualRuntime } from './virtual-runtime.ts'

test('timers fire in the order of their time, those of one time in the order of their making', async () => {
  const runtime = new VirtualRuntime({ seed: 1 })
  const fired: string[] = []
  for (const [ms, name] of [[30, 'c'], [10, 'a'], [30, 'd'], [20, 'b'], [-5, 'now']] as const) runtime.timers.after(ms, () => fired.push(`${name}@${runtime.timers.elapsed()}`))
  await runtime.advance(25)
  expect(fired).toEqual(['now@0', 'a@10', 'b@20'])
  expect(runtime.timers.elapsed()).toBe(25)
  await runtime.advance(5)
  expect(fired.slice(3)).toEqual(['c@30', 'd@30'])
})

test('a timer that is disposed does not fire, not even by another of the same moment', async () => {
  const runtime = new VirtualRuntime({ seed: 1 })
  const fired: string[] = []
  const timers = new Map<string, Disposable>()
  timers.set('first', runtime.timers.after(10, () => timers.get('second')?.[Symbol.dispose]()))
  timers.set('second', runtime.timers.after(10, () => fired.push('second')))
  timers.set('third', runtime.timers.after(10, () => fired.push('third')))
  await runtime.advance(20)
  timers.get('third')?.[Symbol.dispose]()
  expect(fired).toEqual(['third'])
  expect(runtime.pending).toBe(0)
})

test('what is cancelled does not pile up', async () => {
  const runtime = new VirtualRuntime({ seed: 1 })
  const kept: number[] = []
  for (let i = 0; i < 10_000; i++) {
    const timer = runtime.timers.after(1_000_000 + i, () => kept.push(i))
    if (i % 100 !== 0) timer[Symbol.dispose]()
  }
  expect(runtime.pending).toBe(100)
  expect(await runtime.runUntilIdle(2_000_000)).toBe(true)
  expect(kept).toEqual(Array.from({ length: 100 }, (_, i) => i * 100))
})

test('promises and soon-calls go on before time moves', async () => {
  const runtime = new VirtualRuntime({ seed: 1 })
  const order: string[] = []
  runtime.timers.after(10, () => {
    runtime.timers.soon(() => {
      order.push('soon')
      runtime.timers.after(0, () => order.push(`at once, ${runtime.timers.elapsed()}`))
    })
    void (async () => {
      for (let i = 0; i < 20; i++) await Promise.resolve()
      order.push('promise')
    })()
  })
  runtime.timers.after(11, () => order.push('next'))
  await runtime.advance(20)
  expect(order).toEqual(['promise', 'soon', 'at once, 10', 'next'])
})

test('a loop that lets no time pass is an error, and so is a wait for what never comes', async () => {
  const runtime = new VirtualRuntime({ seed: 1, turn: async () => {} })
  const again = (): void => runtime.timers.soon(again)
  again()
  await expect(runtime.settle()).rejects.toThrow(/loops/)
  const other = new VirtualRuntime({ seed: 1 })
  await expect(other.runUntil(() => false, 1000, 'the end')).rejects.toThrow('the end did not come within 1000 ms of virtual time (nothing left to happen)')
  const tick = (): void => void other.timers.after(100, tick)
  tick()
  await expect(other.runUntil(() => false, 1000)).rejects.toThrow(/within 1000 ms/)
  expect(await other.runUntilIdle(1000)).toBe(false)
})

test('what a callback throws reaches the test', async () => {
  const runtime = new VirtualRuntime({ seed: 1 })
  runtime.timers.after(5, () => {
    throw new Error('broken')
  })
  await expect(runtime.advance(10)).rejects.toThrow('broken')
})

test('each peer has its own clock and random numbers, on one time', async () => {
  const runtime = new VirtualRuntime({ seed: 1, startAt: 1_000_000 })
  const a = runtime.forPeer({ skewMs: 86_400_000 })
  const b = runtime.forPeer({ skewMs: -2_207_520_000_000 })
  await runtime.advance(50)
  expect([runtime.clock.now(), a.clock.now() - 86_400_000, b.clock.now() + 2_207_520_000_000]).toEqual([1_000_050, 1_000_050, 1_000_050])
  expect(a.timers.elapsed()).toBe(50)
  a.skewMs = 0
  expect(a.clock.now()).toBe(1_000_050)
  expect(a.timers.elapsed()).toBe(50)
  expect(a.random.bytes(8)).not.toEqual(b.random.bytes(8))
})

test('a peer that crashed does nothing any more', async () => {
  const runtime = new VirtualRuntime({ seed: 1 })
  const peer = runtime.forPeer()
  const done: string[] = []
  peer.timers.after(10, () => done.push('timer'))
  peer.timers.soon(() => done.push('soon'))
  peer[Symbol.dispose]()
  peer.timers.after(10, () => done.push('later'))
  await runtime.advance(100)
  expect(done).toEqual([])
})

test('a promise that needs time is resolved by it', async () => {
  const runtime = new VirtualRuntime({ seed: 1 })
  const late = (ms: number) => new Promise<number>((resolve) => runtime.timers.after(ms, () => resolve(ms)))
  expect(await runtime.resolve(late(500), 1000)).toBe(500)
  await expect(runtime.resolve(late(5000), 1000)).rejects.toThrow(/the promise did not come/)
})

describe('seeded random numbers', () => {
  test('are the same for the same seed, on every machine', () => {
    expect([...new SeededRandom(42).bytes(12)]).toEqual([...new SeededRandom(42).bytes(12)])
    expect([...new SeededRandom(42).bytes(12)]).toEqual([61, 148, 93, 39, 180, 170, 185, 217, 206, 70, 161, 4])
    expect(new SeededRandom('a').bits()).not.toBe(new SeededRandom('b').bits())
    expect(new SeededRandom(1).bits()).not.toBe(new SeededRandom(2).bits())
    expect(new SeededRandom(2 ** 40).bits()).not.toBe(new SeededRandom(0).bits())
  })

  test('are spread evenly', () => {
    const random = new SeededRandom(3)
    const counts = Array.from({ length: 16 }, () => 0)
    for (let i = 0; i < 16_000; i++) counts[random.below(16)]!++
    expect(Math.min(...counts)).toBeGreaterThan(850)
    expect(Math.max(...counts)).toBeLessThan(1150)
  })
})
