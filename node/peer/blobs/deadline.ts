import { AtollError } from '../../ports/errors.ts'
import type { Timers } from '../../ports/runtime.ts'

/** A signal that fires when another does, or when nothing was heard of for so long. `ms` undefined: never by itself. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal
  extend(): void
}

export function deadline(timers: Timers, ms: number | undefined, outer: AbortSignal): Deadline {
  const late = new AbortController()
  let timer: Disposable | undefined
  const extend = (): void => {
    timer?.[Symbol.dispose]()
    if (ms !== undefined) timer = timers.after(ms, () => late.abort(new AtollError('timed_out', { seconds: Math.round(ms / 1000), what: 'nothing more of the file came; what is here already is not fetched again' })))
  }
  extend()
  return { signal: AbortSignal.any([outer, late.signal]), extend, [Symbol.dispose]: () => timer?.[Symbol.dispose]() }
}
