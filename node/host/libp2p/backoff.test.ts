import { expect, test } from 'vitest'
import { SeededRandom } from '../../peer/virtual-runtime-random.ts'
import { Backoff } from './backoff.ts'

test('waits double from a quarter of a second to half a minute, each less by up to half', () => {
  const backoff = new Backoff(new SeededRandom(7))
  const full = [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]
  for (const most of full) {
    const wait = backoff.next()
    expect(wait).toBeLessThanOrEqual(most)
    expect(wait).toBeGreaterThanOrEqual(most / 2)
  }
  backoff.soften()
  expect(backoff.next()).toBeLessThanOrEqual(1000)
  backoff.reset()
  expect(backoff.next()).toBeLessThanOrEqual(250)
})

test('two do not wait alike', () => {
  const [a, b] = [new Backoff(new SeededRandom(1)), new Backoff(new SeededRandom(2))]
  expect(a.next()).not.toBe(b.next())
})
