/**
 * The hybrid logical clock (Kulkarni et al. 2014): physical milliseconds, and a counter where they do not move on.
 * It orders concurrent changes only; causality is said with entry ids (rule C2).
 */
import { struct, uint, type TypeOf } from '../wire/codec.ts'
import { limits } from '../wire/limits.ts'

export const hybridTime = struct({ ms: uint, counter: uint })
export type HybridTime = TypeOf<typeof hybridTime>

export function compareTimes(a: HybridTime, b: HybridTime): number {
  return a.ms - b.ms || a.counter - b.counter
}

/** One device's clock. */
export class HybridClock {
  readonly #now: () => number
  #last: HybridTime = { ms: 0, counter: 0 }

  /** @param now local time in milliseconds since 1970 UTC; may jump either way */
  constructor(now: () => number) {
    this.#now = now
  }

  /** A time later than every one given out or observed before. */
  tick(): HybridTime {
    const ms = Math.max(0, Math.floor(this.#now()))
    const last = this.#last
    if (ms > last.ms) this.#last = { ms, counter: 0 }
    // A peer may have named the largest counter there is.
    else this.#last = last.counter < Number.MAX_SAFE_INTEGER ? { ms: last.ms, counter: last.counter + 1 } : { ms: last.ms + 1, counter: 0 }
    return this.#last
  }

  /** Takes note of a peer's time, but lets none pull this clock over 60 s past local time. */
  observe(time: HybridTime): void {
    if (time.ms > this.#now() + limits.clockLeadMs) return
    if (compareTimes(time, this.#last) > 0) this.#last = time
  }
}
