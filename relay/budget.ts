/** A token bucket: `burst` at once, refilled with `perSecond`. Times are milliseconds. */
export class Budget {
  readonly #perMs: number
  readonly #burst: number
  #left: number
  #at: number

  constructor(perSecond: number, burst: number, now: number) {
    this.#perMs = perSecond / 1000
    this.#burst = burst
    this.#left = burst
    this.#at = now
  }

  /** Takes the amount if it is there. */
  take(amount: number, now: number): boolean {
    this.#refill(now)
    if (this.#left < amount) return false
    this.#left -= amount
    return true
  }

  /** Takes the amount, on credit if need be, and says how long to wait before anything more is taken. */
  spend(amount: number, now: number): number {
    this.#refill(now)
    this.#left -= amount
    return this.#left >= 0 ? 0 : Math.ceil(-this.#left / this.#perMs)
  }

  /** Whether forgetting it changes nothing. */
  full(now: number): boolean {
    this.#refill(now)
    return this.#left >= this.#burst
  }

  #refill(now: number): void {
    // A clock that was set back refills nothing, and counts from there.
    const gained = Math.max(0, now - this.#at) * this.#perMs
    this.#left = Math.min(this.#burst, this.#left + gained)
    this.#at = now
  }
}

/** One budget per peer or address. It outlives connections, so reconnecting refills nothing. */
export class Budgets {
  readonly #perSecond: number
  readonly #burst: number
  readonly #byKey = new Map<string, Budget>()

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond
    this.#burst = burst
  }

  get size(): number {
    return this.#byKey.size
  }

  of(key: string, now: number): Budget {
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    const fresh = new Budget(this.#perSecond, this.#burst, now)
    this.#byKey.set(key, fresh)
    return fresh
  }

  /** Drops those that are full again: called now and then, so that memory follows who was here lately. */
  sweep(now: number): void {
    for (const [key, budget] of this.#byKey) if (budget.full(now)) this.#byKey.delete(key)
  }
}
