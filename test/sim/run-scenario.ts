/** Runs one scenario from its first step to the last check. */
import { check } from './check.ts'
import { sampleSynced } from './check-synced.ts'
import { sampleReceipts } from './check-messages.ts'
import { Performer } from './perform.ts'
import { Promises } from './promises.ts'
import { settle } from './settle.ts'
import { SimWorld } from './sim-world.ts'
import { describeStep, type Scenario } from './step.ts'
import { worldVerify } from './verdict-cache.ts'

export interface Outcome {
  /** What broke a rule, each beginning with the rule's id; empty when all is well. */
  readonly breaches: readonly string[]
  /** A hash over every step, every commit and every answer: the same seed gives the same. */
  readonly trace: string
  /** How operations ended, and how often: a scenario in which everything is refused tests little. */
  readonly endings: ReadonlyMap<string, number>
  readonly facts: { readonly peers: number; readonly admitted: number; readonly entries: number; readonly virtualMs: number; readonly claims: number }
}

export interface RunOptions {
  readonly crypto?: 'cached' | 'real'
  /** Told of each step, for a person who watches. */
  readonly onStep?: (text: string, world: SimWorld) => void
}

/** How often, in steps, what peers say of each other is compared with the truth. */
const sampleEvery = 5

export async function runScenario(scenario: Scenario, { crypto = 'cached', onStep }: RunOptions = {}): Promise<Outcome> {
  using world = new SimWorld({ seed: scenario.spec.seed, verify: worldVerify(crypto) })
  const promises = new Promises(world)
  const performer = new Performer(world, promises)
  const breaches: string[] = []
  const collect = (): boolean => {
    breaches.push(...world.watch.breaches.splice(0), ...promises.breaches.splice(0))
    return breaches.length > 0
  }
  try {
    for (const [i, step] of scenario.steps.entries()) {
      await world.time.advance(step.after)
      onStep?.(`${i} ${describeStep(step)}`, world)
      performer.perform(step)
      await world.time.settle()
      if (i % Math.max(sampleEvery, scenario.spec.peers) === 0) breaches.push(...sampleSynced(world), ...(await sampleReceipts(world, promises)))
      if (collect()) break
    }
    if (breaches.length === 0) {
      const restless = await settle(world, performer)
      if (restless !== undefined) breaches.push(restless)
      collect()
      if (breaches.length === 0) breaches.push(...(await check(world, promises)))
    }
  } catch (error) {
    breaches.push(`H1: the run itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }
  collect()
  return { breaches, trace: world.watch.trace(), endings: performer.endings, facts: factsOf(world, promises) }
}

function factsOf(world: SimWorld, promises: Promises): Outcome['facts'] {
  const { mesh } = world
  const sizes = mesh === undefined ? [] : world.peers.map((peer) => [...(peer.replica(mesh)?.logs() ?? [])].reduce((sum, { seq }) => sum + seq, 0))
  return { peers: world.peers.length, admitted: sizes.filter((size) => size > 0).length, entries: Math.max(0, ...sizes), virtualMs: world.time.timers.elapsed(), claims: promises.claims.length }
}
