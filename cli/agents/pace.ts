import type { Timers } from '../../node/ports/runtime.ts'
import { pause } from './pause.ts'

/** How many turns, how soon again. */
export interface PaceOptions {
  /** Turns that may be had at once. */
  readonly burst: number
  /** Milliseconds until one turn comes back. */
  readonly refillMs: number
}

/** Turns that run out and come back one by one: for a reader that drops what comes faster. */
export class Pace {
  readonly #timers: Timers
  readonly #options: PaceOptions
  #turns: number
  #since: number

  constructor(timers: Timers, options: PaceOptions) {
    this.#timers = timers
    this.#options = options
    this.#turns = options.burst
    this.#since = timers.elapsed()
  }

  /** Resolves with true when there is a turn, or with false when the signal fires. Does not use it up. */
  async ready(signal: AbortSignal): Promise<boolean> {
    this.#refill()
    while (this.#turns === 0) {
      if (!(await pause(this.#timers, Math.max(1, this.#since + this.#options.refillMs - this.#timers.elapsed()), signal))) return false
      this.#refill()
    }
    return !signal.aborted
  }

  spend(): void {
    this.#refill()
    this.#turns = Math.max(0, this.#turns - 1)
  }

  #refill(): void {
    const { burst, refillMs } = this.#options
    const back = Math.floor((this.#timers.elapsed() - this.#since) / refillMs)
    this.#since += back * refillMs
    this.#turns = Math.min(burst, this.#turns + back)
    if (this.#turns === burst) this.#since = this.#timers.elapsed()
  }
}
