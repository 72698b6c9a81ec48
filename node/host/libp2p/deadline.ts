import type { Timers } from '../../ports/runtime.ts'

/** A signal that fires after `ms`, or with one of `parents`. Dispose it when the work is done. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal
  /** Whether it was the time that ran out, not a parent that gave up. */
  readonly expired: boolean
}

export function deadline(timers: Timers, ms: number, ...parents: readonly AbortSignal[]): Deadline {
  const controller = new AbortController()
  let expired = false
  const timer = timers.after(ms, () => {
    expired = true
    controller.abort(new Error('timed out'))
  })
  const giveUp = (): void => controller.abort(new Error('cancelled'))
  for (const parent of parents) {
    if (parent.aborted) giveUp()
    else parent.addEventListener('abort', giveUp)
  }
  return {
    signal: controller.signal,
    get expired() {
      return expired
    },
    [Symbol.dispose]: () => {
      timer[Symbol.dispose]()
      for (const parent of parents) parent.removeEventListener('abort', giveUp)
    },
  }
}

/** Resolves after `ms`, or when the signal fires: whichever is first. */
export async function pause(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const done = (): void => resolve(undefined)
  const timer = timers.after(ms, done)
  signal.addEventListener('abort', done)
  try {
    await promise
  } finally {
    timer[Symbol.dispose]()
    signal.removeEventListener('abort', done)
  }
}
