import type { Random } from '../../ports/runtime.ts'

const firstMs = 250
const longestMs = 30_000

/** How long to wait before the next attempt: doubling from 0.25 s to 30 s, each less by up to half at random. */
export class Backoff {
  readonly #random: Random
  #attempt = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** Milliseconds to wait after one more failure. */
  next(): number {
    const full = Math.min(longestMs, firstMs * 2 ** this.#attempt)
    this.#attempt = Math.min(this.#attempt + 1, 16)
    const [high = 0, low = 0] = this.#random.bytes(2)
    return full * (1 - (high * 256 + low) / 65_536 / 2)
  }

  /** It worked, and held. */
  reset(): void {
    this.#attempt = 0
  }

  /** It worked; whether it holds is not known yet, so what is forgotten is the long waits only. */
  soften(): void {
    this.#attempt = Math.min(this.#attempt, 2)
  }
}
