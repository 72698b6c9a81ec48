import { expect, test } from 'vitest'
import { bytesText } from '../ports/bytes-text.ts'
import { ProgressText } from './progress-text.ts'

test('bytes, rate and time left, by what came in the last seconds', () => {
  let now = 0
  const progress = new ProgressText(() => now)
  expect(progress.say('fetching', 0, 100e6)).toBe('fetching 0 B of 100 MB')
  now = 2_000
  expect(progress.say('fetching', 20e6, 100e6)).toBe('fetching 20 MB of 100 MB, 10 MB/s, 8 s left')
  now = 60_000
  expect(progress.say('fetching', 20e6, 100e6)).toBe('fetching 20 MB of 100 MB')
  now = 61_000
  expect(progress.say('fetching', 20_100_000, 1e9)).toBe('fetching 20 MB of 1.0 GB, 100 kB/s, 2.7 h left')
  expect(progress.say('saving', 1, undefined)).toBe('saving 1 B')
})

test('sizes are in powers of ten', () => {
  expect([0, 999, 1000, 1234, 12_345, 999_499, 5e9, 1e15].map(bytesText)).toEqual(['0 B', '999 B', '1.0 kB', '1.2 kB', '12 kB', '999 kB', '5.0 GB', '1.0 PB'])
})
