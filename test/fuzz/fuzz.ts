/**
 * A coverage-guided fuzzer: inputs that reach a part of the code that none reached before are kept and changed further.
 * In this process and without native parts, so that it runs wherever the tests do.
 */
import { Dice } from '../property/random-history.ts'
import { BlockCoverage } from './coverage.ts'
import { mutate } from './mutate.ts'
import type { Target } from './targets.ts'

const batch = 64
const longestInput = 4096
/** Nothing that short may take so long: it would be a way to stop a peer. */
const slowMs = 500
/** Nor leave so much behind in memory. */
const heavyBytes = 64 * 1024 * 1024

export interface Finding {
  readonly target: string
  readonly input: Uint8Array
  readonly why: string
}

export interface Outcome {
  readonly inputs: number
  readonly kept: number
  readonly blocks: number
  readonly findings: readonly Finding[]
}

/** Tries the targets in turns for so many milliseconds. */
export function fuzz(targets: readonly Target[], ms: number, seed: number): Outcome {
  using coverage = new BlockCoverage()
  const dice = new Dice(seed)
  const corpora = new Map(targets.map((target) => [target, [...target.seeds]]))
  const findings: Finding[] = []
  let inputs = 0
  for (const target of targets) for (const input of target.seeds) trial(target, input)
  const seen = new Set(coverage.taken())
  for (const end = performance.now() + ms; performance.now() < end; ) {
    for (const [target, corpus] of corpora) {
      // The newest lead furthest.
      const tried = Array.from({ length: batch }, () => mutate(dice.chance(0.5) ? dice.pick(corpus.slice(-16)) : dice.pick(corpus), corpus, dice, longestInput))
      for (const input of tried) trial(target, input)
      const fresh = new Set([...coverage.taken()].filter((block) => !seen.has(block)))
      if (fresh.size > 0) corpus.push(...leading(target, tried, fresh))
      for (const block of fresh) seen.add(block)
    }
  }
  const kept = [...corpora].reduce((sum, [{ seeds }, corpus]) => sum + corpus.length - seeds.length, 0)
  return { inputs, kept, blocks: seen.size, findings }

  function trial(target: Target, input: Uint8Array): void {
    inputs++
    if (findings.some((one) => one.target === target.name)) return
    const began = performance.now()
    const held = process.memoryUsage().arrayBuffers
    let why: string | undefined
    try {
      why = target.run(input)
    } catch (error) {
      why = error instanceof Error ? (error.stack ?? error.message) : String(error)
    }
    if (performance.now() - began > slowMs && again(target, input) > slowMs) why = `it takes ${Math.round(performance.now() - began)} ms`
    if (process.memoryUsage().arrayBuffers - held > heavyBytes) why = 'it takes more memory than its length explains'
    if (why !== undefined) findings.push({ target: target.name, input, why })
  }

  /** Not the first time only: the machine may have been busy with something else. */
  function again(target: Target, input: Uint8Array): number {
    const began = performance.now()
    target.run(input)
    return performance.now() - began
  }

  /** Which of a batch reached what is fresh, the first that did for each of it. */
  function leading(target: Target, tried: readonly Uint8Array[], fresh: ReadonlySet<string>): readonly Uint8Array[] {
    const left = new Set(fresh)
    return tried.filter((input) => {
      if (left.size === 0) return false
      run(target, input)
      const reached = [...coverage.taken()].filter((block) => left.delete(block))
      return reached.length > 0
    })
  }
}

function run(target: Target, input: Uint8Array): void {
  try {
    target.run(input)
  } catch {
    // It was found the first time.
  }
}
