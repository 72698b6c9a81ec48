import { expect, test } from 'vitest'
import { giveBackMemory } from './give-back-memory.ts'

test('what a burst needed goes back to the system', { timeout: 60_000 }, async () => {
  const before = process.memoryUsage().heapTotal
  let burst: unknown[] = Array.from({ length: 600_000 }, (_, i) => ({ at: i, text: `text ${i}` }))
  const during = process.memoryUsage().heapTotal
  expect(during - before).toBeGreaterThan(30e6)
  expect(burst).toHaveLength(600_000)
  burst = []
  using _ = giveBackMemory(100, 20)
  await expect.poll(() => process.memoryUsage().heapTotal, { timeout: 30_000 }).toBeLessThan(during - 20e6)
})
