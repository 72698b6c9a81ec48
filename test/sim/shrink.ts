/** Finds a shorter scenario that fails in the same way: leaves out steps, many at once first, while it still does. */
import type { Scenario, Step } from './step.ts'

/**
 * @param fails whether a scenario still fails; asked at most `runs` times
 * @returns the shortest failing one that was found
 */
export async function shrink(scenario: Scenario, fails: (scenario: Scenario) => Promise<boolean>, runs: number): Promise<Scenario> {
  let shortest = scenario
  let left = runs
  for (let size = Math.ceil(scenario.steps.length / 2); size >= 1 && left > 0; ) {
    let shorter = false
    for (let at = 0; at < shortest.steps.length && left > 0; left--) {
      const without = { ...shortest, steps: joined(shortest.steps, at, size) }
      if (await fails(without)) {
        shortest = without
        shorter = true
      } else at += size
    }
    if (size === 1 && !shorter) break
    size = size === 1 ? 1 : Math.ceil(size / 2)
  }
  return shortest
}

/** The steps without some of them; those that follow happen when they did. */
function joined(steps: readonly Step[], at: number, count: number): readonly Step[] {
  const waited = steps.slice(at, at + count).reduce((sum, { after }) => sum + after, 0)
  const [next, ...rest] = steps.slice(at + count)
  return [...steps.slice(0, at), ...(next ? [{ ...next, after: next.after + waited }, ...rest] : [])]
}
