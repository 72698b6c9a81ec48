import { expect, test } from 'vitest'
import { BitSet } from './history.ts'

test('C1: a set of positions holds what was added, however full its beginning', () => {
  let state = 7
  const below = (count: number): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) % count
  for (let round = 0; round < 300; round++) {
    const sets = [0, 1].map(() => {
      const set = new BitSet()
      const expected = new Set<number>()
      const full = below(200)
      for (const at of [...Array.from({ length: full }, (_, i) => full - 1 - i), ...Array.from({ length: below(30) }, () => below(300))]) {
        set.add(at)
        expected.add(at)
      }
      return { set, expected }
    })
    const [a, b] = sets as [(typeof sets)[0], (typeof sets)[0]]
    a.set.addAll(b.set)
    for (const at of b.expected) a.expected.add(at)
    for (const { set, expected } of sets) {
      expect(set.count()).toBe(expected.size)
      expect(Array.from({ length: 340 }, (_, at) => at).filter((at) => set.has(at) !== expected.has(at)), `round ${round}`).toEqual([])
    }
  }
})
