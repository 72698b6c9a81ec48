import { expect, test } from 'vitest'
import { KeyFilter } from './key-filter.ts'

test('a key filter knows every key it was given, and few that it was not', () => {
  const filter = new KeyFilter()
  const key = (i: number): string => `state\0key-${i}`
  for (const upTo of [0, 100, 5_000, 60_000]) {
    for (let i = 0; i < upTo; i++) filter.add(key(i))
    const missed = Array.from({ length: upTo }, (_, i) => key(i)).filter((known) => !filter.mayHave(known))
    expect(missed).toEqual([])
    const wrong = Array.from({ length: 20_000 }, (_, i) => key(1_000_000 + i)).filter((other) => filter.mayHave(other)).length
    expect(wrong).toBeLessThan(200)
  }
})
