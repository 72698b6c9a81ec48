/**
 * The whole peer, many times over, on bad days: what must hold whatever happened. Short by default; ATOLL_LONG=1 runs
 * many more seeds and a world of 200 peers, ATOLL_SIM='{"seed":…}' exactly one, ATOLL_SIM_REAL_CRYPTO=1 all without
 * the cache of verdicts.
 */
import { describe, expect, test } from 'vitest'
import { expectSound, keptSeeds } from './expect-sound.ts'
import { makeScenario } from './make-scenario.ts'
import { runScenario, type RunOptions } from './run-scenario.ts'
import type { ScenarioSpec } from './step.ts'

const long = process.env['ATOLL_LONG'] === '1'
const only = process.env['ATOLL_SIM']
const options: RunOptions = { crypto: process.env['ATOLL_SIM_REAL_CRYPTO'] === '1' ? 'real' : 'cached' }
const hour = 60 * 60_000

const seeds = (count: number, from: number, peers: number, steps: number, more: Pick<ScenarioSpec, 'documents' | 'policies'> = {}): ScenarioSpec[] => Array.from({ length: count }, (_, i) => ({ seed: from + i, peers, steps, ...more }))
const named = (specs: readonly ScenarioSpec[]): [string, ScenarioSpec][] => specs.map((spec) => [`${spec.peers} peers, ${spec.steps} steps, seed ${spec.seed}${spec.documents ? ', documents' : ''}${spec.policies ? ', policies' : ''}`, spec])

const short: readonly ScenarioSpec[] = [...seeds(6, 1, 6, 120), ...seeds(5, 101, 8, 150), ...seeds(2, 201, 12, 200), ...seeds(4, 301, 6, 150, { documents: true }), ...seeds(3, 401, 6, 150, { documents: true, policies: true })]
const many: readonly ScenarioSpec[] = [...seeds(400, 1_000, 6, 200), ...seeds(300, 2_000, 8, 300), ...seeds(100, 3_000, 12, 400), ...seeds(20, 4_000, 24, 400), ...seeds(200, 5_000, 6, 200, { documents: true }), ...seeds(300, 6_000, 6, 250, { documents: true, policies: true })]

describe('one run repeated', () => {
  test.each(only === undefined ? [] : [only])('C1 C3 C4 D1 D3 D4 T6: the run that was asked for (%s)', async (spec) => {
    await expectSound(JSON.parse(spec) as ScenarioSpec, options)
  }, hour)
})

describe.skipIf(only !== undefined)('worlds that go wrong and heal', () => {
  test.each(named(long ? many : short))('C1 C2 C3 C4 D1 D2 D3 D4 T3 T6 P2: all answers are equal, all that was promised is there (%s)', async (_, spec) => {
    await expectSound(spec, options)
  }, hour)

  test.each(named(keptSeeds()))('C1 C3 C4 D1 D3 D4 T6: what failed once (%s)', async (_, spec) => {
    await expectSound(spec, options)
  }, hour)

  test('C1 C3 C4 D1: a crowd', async () => {
    const { facts } = await expectSound(long ? { seed: 5, peers: 200, steps: 200 } : { seed: 5, peers: 60, steps: 25 }, options)
    expect(facts.admitted).toBeGreaterThan(long ? 120 : 36)
  }, hour)

  test('C1: one seed makes one run, to the last byte', async () => {
    const scenario = makeScenario({ seed: 77, peers: 6, steps: 80 })
    const [one, other] = [await runScenario(scenario, options), await runScenario(scenario, options)]
    expect(one.breaches).toEqual([])
    expect(other.trace).toBe(one.trace)
    expect((await runScenario(makeScenario({ seed: 78, peers: 6, steps: 80 }), options)).trace).not.toBe(one.trace)
  }, hour)

  test('T2 T10: the same world with every signature computed at every peer', async () => {
    const spec = { seed: 79, peers: 5, steps: 60 }
    const real = await expectSound(spec, { crypto: 'real' })
    expect(real.trace).toBe((await expectSound(spec, { crypto: 'cached' })).trace)
  }, hour)

  test('scenarios do what they are for: most of what is asked is done', async () => {
    const { endings } = await expectSound({ seed: 80, peers: 8, steps: 200 }, options)
    const done = (what: string): number => endings.get(what) ?? 0
    expect(Math.min(...['set', 'send', 'drain', 'join', 'remember'].map(done))).toBeGreaterThan(4)
  }, hour)
})
