/** Runs a scenario and fails with everything needed to find out why: the shortest form of it, and how to repeat it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeScenario } from './make-scenario.ts'
import { runScenario, type Outcome, type RunOptions } from './run-scenario.ts'
import { shrink } from './shrink.ts'
import { describeStep, type ScenarioSpec } from './step.ts'

const failedSeeds = join(import.meta.dirname, 'failed-seeds.json')
/** How often a failing scenario is run again to shorten it. */
const shrinkRuns = Number(process.env['ATOLL_SIM_SHRINK'] ?? 60)

/** Seeds that failed once are run for ever after. */
export function keptSeeds(): readonly ScenarioSpec[] {
  return JSON.parse(readFileSync(failedSeeds, 'utf8')) as ScenarioSpec[]
}

/** @throws with the rules that were broken, the shortest scenario that breaks them, and the command that repeats it */
export async function expectSound(spec: ScenarioSpec, options: RunOptions = {}): Promise<Outcome> {
  const scenario = makeScenario(spec)
  const outcome = await runScenario(scenario, options)
  const [first] = outcome.breaches
  if (first === undefined) return outcome
  keep(spec)
  const rule = ruleOf(first)
  const shortest = await shrink(scenario, async (shorter) => (await runScenario(shorter, options)).breaches.some((breach) => ruleOf(breach) === rule), shrinkRuns)
  throw new Error([
    ...outcome.breaches.slice(0, 8),
    '',
    `Repeat exactly this run with:\n  ATOLL_SIM='${JSON.stringify(spec)}' npx vitest run --project sim test/sim/convergence.test.ts -t repeated`,
    `It was kept in test/sim/failed-seeds.json. ${shortest.steps.length} of its ${scenario.steps.length} steps are enough:`,
    ...shortest.steps.map((step) => `  ${describeStep(step)}`),
  ].join('\n'))
}

/** The rule's id, and what was wrong where it was the run itself: another accident is not the same failure. */
function ruleOf(breach: string): string {
  return breach.startsWith('H1') ? breach.slice(0, 60) : breach.slice(0, breach.indexOf(':'))
}

function keep(spec: ScenarioSpec): void {
  const kept = keptSeeds()
  if (kept.some(({ seed, peers, steps }) => seed === spec.seed && peers === spec.peers && steps === spec.steps)) return
  writeFileSync(failedSeeds, `[\n${[...kept, spec].map((one) => `  ${JSON.stringify(one)}`).join(',\n')}\n]\n`)
}
