/** The real clock, timers and randomness of a Node process. Disposing clears every timer that is left. */
import { randomBytes } from 'node:crypto'
import type { Runtime } from '../ports/runtime.ts'

export function nodeRuntime(): Runtime & Disposable {
  const pending = new Set<NodeJS.Timeout>()
  return {
    clock: { now: () => Date.now() },
    timers: {
      elapsed: () => performance.now(),
      after: (ms, call) => {
        const timer = setTimeout(() => {
          pending.delete(timer)
          call()
        }, ms)
        pending.add(timer)
        return {
          [Symbol.dispose]: () => {
            clearTimeout(timer)
            pending.delete(timer)
          },
        }
      },
      soon: (call) => void setImmediate(call),
    },
    random: { bytes: (length) => new Uint8Array(randomBytes(length)) },
    [Symbol.dispose]: () => {
      for (const timer of pending) clearTimeout(timer)
      pending.clear()
    },
  }
}
