import { nodeRuntime } from '../../node/host/node-runtime.ts'
import type { Runtime } from '../../node/ports/runtime.ts'

/** The machine's runtime where timers run `factor` times faster, and a wall clock that a test may set. */
export function quickRuntime(factor: number): Runtime & { aheadMs: number } {
  const real = nodeRuntime()
  const quick = {
    aheadMs: 0,
    clock: { now: () => real.clock.now() + quick.aheadMs },
    timers: {
      elapsed: () => real.timers.elapsed() * factor,
      after: (ms: number, call: () => void) => real.timers.after(ms / factor, call),
      soon: real.timers.soon,
    },
    random: real.random,
  }
  return quick
}
