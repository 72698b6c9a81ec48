import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareTimes, HybridClock } from './clock.ts'

test('C2: each tick is later than all before it and than all that was observed, wherever local time jumps', () => {
  const step = fc.record({ now: fc.nat(1e6), seen: fc.option(fc.record({ ms: fc.nat(2e6), counter: fc.oneof(fc.nat(5), fc.constant(Number.MAX_SAFE_INTEGER)) })) })
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
    let now = 0
    let last = { ms: 0, counter: 0 }
    const clock = new HybridClock(() => now)
    for (const { now: local, seen } of steps) {
      now = local
      if (seen) clock.observe(seen)
      const time = clock.tick()
      expect(compareTimes(time, last)).toBeGreaterThan(0)
      const heeded = seen && seen.ms <= now + 60_000 ? seen : last
      expect(compareTimes(time, heeded)).toBeGreaterThan(0)
      expect(Number.isSafeInteger(time.ms) && Number.isSafeInteger(time.counter)).toBe(true)
      last = time
    }
  }))
})

test('C2: a received clock never advances mine more than 60 s past local time', () => {
  const now = 1_000_000
  const clock = new HybridClock(() => now)
  clock.observe({ ms: now + 60_001, counter: 0 })
  expect(clock.tick()).toEqual({ ms: now, counter: 0 })
  clock.observe({ ms: now + 60_000, counter: 7 })
  expect(clock.tick()).toEqual({ ms: now + 60_000, counter: 8 })
  clock.observe({ ms: Number.MAX_SAFE_INTEGER, counter: 0 })
  expect(clock.tick()).toEqual({ ms: now + 60_000, counter: 9 })
})

test('C2 T8: the largest counter there is does not stop a clock', () => {
  const clock = new HybridClock(() => 1000)
  clock.observe({ ms: 1000, counter: Number.MAX_SAFE_INTEGER })
  expect(clock.tick()).toEqual({ ms: 1001, counter: 0 })
})
