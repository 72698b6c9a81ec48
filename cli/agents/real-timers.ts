import type { Timers } from '../../node/ports/runtime.ts'

/** The timers of this process. */
export const realTimers: Timers = {
  elapsed: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms)
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
  soon: (call) => void setImmediate(call),
}
