import type { Timers } from '../../node/ports/runtime.ts'

/** Resolves with true after `ms`, or with false as soon as the signal fires. */
export function pause(timers: Timers, ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false)
    const timer = timers.after(ms, () => {
      signal.removeEventListener('abort', stop)
      resolve(true)
    })
    const stop = () => {
      timer[Symbol.dispose]()
      resolve(false)
    }
    signal.addEventListener('abort', stop, { once: true })
  })
}
