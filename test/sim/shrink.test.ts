import { expect, test } from 'vitest'
import { makeScenario } from './make-scenario.ts'
import { shrink } from './shrink.ts'
import type { Scenario } from './step.ts'

const scenario = makeScenario({ seed: 1, peers: 4, steps: 60 })

test('a failing scenario is shortened to what makes it fail', async () => {
  const guilty = new Set([scenario.steps[20], scenario.steps[41]].map((step) => JSON.stringify({ ...step, after: 0 })))
  const fails = async ({ steps }: Scenario): Promise<boolean> => steps.filter((step) => guilty.has(JSON.stringify({ ...step, after: 0 }))).length >= guilty.size
  const { steps } = await shrink(scenario, fails, 500)
  expect(steps.map((step) => JSON.stringify({ ...step, after: 0 }))).toEqual([...guilty])
  const whenOf = (list: Scenario['steps'], end: number): number => list.slice(0, end + 1).reduce((sum, { after }) => sum + after, 0)
  expect(whenOf(steps, 1), 'what is left happens when it did').toBe(whenOf(scenario.steps, 41))
})

test('it asks no more often than it may', async () => {
  let asked = 0
  const shortest = await shrink(scenario, async () => (asked++, false), 7)
  expect([asked, shortest]).toEqual([7, scenario])
})

test('scenarios follow from their numbers alone', () => {
  expect(makeScenario({ seed: 9, peers: 5, steps: 40 })).toEqual(makeScenario({ seed: 9, peers: 5, steps: 40 }))
  expect(makeScenario({ seed: 9, peers: 5, steps: 40 })).not.toEqual(makeScenario({ seed: 10, peers: 5, steps: 40 }))
})
