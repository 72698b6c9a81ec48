import type { Runtime } from '../ports/runtime.ts'
import { WaitingQueue, type Waiting } from './virtual-runtime-queue.ts'
import { SeededRandom } from './virtual-runtime-random.ts'

export interface VirtualRuntimeOptions {
  readonly seed: number | string
  /** Wall time at the start, milliseconds since 1970. */
  readonly startAt?: number
  /**
   * Resolves when every promise that can go on has gone on. Where there is a macrotask at hand, pass it: in Node
   * `() => new Promise((done) => setImmediate(done))`. Otherwise a bounded number of microtask turns stands in.
   */
  readonly turn?: () => Promise<void>
}

export interface VirtualPeerOptions {
  /** How far this peer's wall clock is ahead of the world's, milliseconds; may be negative. */
  readonly skewMs?: number
  /** What its random numbers derive from; otherwise the order in which peers were made. */
  readonly name?: string
}

/** One peer's view of the virtual time. Disposing it is a crash: nothing it waits for ever happens. */
export interface VirtualPeer extends Runtime, Disposable {
  readonly random: SeededRandom
  /** The wall clock may be set at any moment; the monotonic one is not moved by it. */
  skewMs: number
}

/** How many microtask turns count as "every promise has gone on": deep chains of awaits need one per level. */
const microtaskTurns = 128
/** More calls than this at one instant are a loop that never lets time pass. */
const callsPerInstant = 1_000_000
const startOfTime = Date.UTC(2026, 0, 1)

/**
 * Virtual time: it stands still until a test moves it, and everything that happens, happens in one order that
 * only the seed decides. At each instant the timers due run first, in the order of their making, then promises
 * and `soon` calls until nothing is left to do, and only then does time go on.
 */
export class VirtualRuntime implements VirtualPeer {
  readonly clock = { now: (): number => this.#startAt + this.#now + this.skewMs }
  readonly timers: Runtime['timers']
  readonly random: SeededRandom
  skewMs = 0
  readonly #seed: number | string
  readonly #startAt: number
  readonly #turn: () => Promise<void>
  readonly #waiting = new WaitingQueue()
  #soon: (() => void)[] = []
  #now = 0
  #peers = 0

  constructor({ seed, startAt = startOfTime, turn = microtasks }: VirtualRuntimeOptions) {
    this.#seed = seed
    this.#startAt = startAt
    this.#turn = turn
    this.random = new SeededRandom(seed)
    this.timers = this.#timersWhile(() => true)
  }

  /** A peer with a clock and random numbers of its own, on the same time. */
  forPeer({ skewMs = 0, name = `${this.#peers}` }: VirtualPeerOptions = {}): VirtualPeer {
    this.#peers++
    let alive = true
    const peer: VirtualPeer = {
      skewMs,
      clock: { now: () => this.#startAt + this.#now + peer.skewMs },
      timers: this.#timersWhile(() => alive),
      random: new SeededRandom(`${this.#seed}/${name}`),
      [Symbol.dispose]: () => {
        alive = false
      },
    }
    return peer
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#waiting.size
  }

  /** Moves time on by `ms`, running what falls due on the way. Throws what a callback throws. */
  async advance(ms: number): Promise<void> {
    await this.#runUntil(this.#now + ms)
  }

  /** Moves time on until no timer is left, or by `limitMs`; says whether it became idle. */
  async runUntilIdle(limitMs: number): Promise<boolean> {
    const end = this.#now + limitMs
    await this.settle()
    for (let next = this.#waiting.next(); next !== undefined; next = this.#waiting.next()) {
      if (next > end) return false
      await this.#runUntil(next)
    }
    return true
  }

  /**
   * Moves time on until `condition` holds, looking after each instant at which something happened. Throws when
   * it does not within `limitMs`: a network that does not converge is a failed test, not a slow one.
   */
  async runUntil(condition: () => boolean, limitMs: number, what = 'the condition'): Promise<void> {
    const end = this.#now + limitMs
    await this.settle()
    while (!condition()) {
      const next = this.#waiting.next()
      if (next === undefined || next > end) throw new Error(`${what} did not come within ${limitMs} ms of virtual time${next === undefined ? ' (nothing left to happen)' : ''}`)
      await this.#runUntil(next)
    }
  }

  /** Awaits a promise while moving time on. Throws when it is not settled within `limitMs`. */
  async resolve<T>(promise: Promise<T>, limitMs: number): Promise<T> {
    let settled = false
    const done = (): void => {
      settled = true
    }
    promise.then(done, done)
    await this.runUntil(() => settled, limitMs, 'the promise')
    return promise
  }

  /** Lets promises and `soon` calls go on until nothing changes; time stands still. */
  async settle(): Promise<void> {
    let calls = 0
    for (;;) {
      await this.#turn()
      if (this.#soon.length === 0) return
      const ready = this.#soon
      this.#soon = []
      for (const call of ready) call()
      calls += ready.length
      if (calls > callsPerInstant) throw new Error(`${calls} calls without time passing: something loops`)
    }
  }

  [Symbol.dispose](): void {
    this.#waiting.clear()
    this.#soon = []
  }

  async #runUntil(end: number): Promise<void> {
    await this.settle()
    let calls = 0
    for (;;) {
      const next = this.#waiting.next()
      if (next === undefined || next > end) break
      if (next > this.#now) calls = 0
      this.#now = Math.max(this.#now, next)
      // Those that are due now and were made before; what they make for now comes after promises have gone on.
      const due: Waiting[] = []
      for (let waiting = this.#waiting.take(this.#now); waiting !== undefined; waiting = this.#waiting.take(this.#now)) due.push(waiting)
      for (const waiting of due) if (waiting.state === 'taken') waiting.call()
      await this.settle()
      calls += due.length
      if (calls > callsPerInstant) throw new Error(`${calls} timers without time passing: something loops`)
    }
    this.#now = Math.max(this.#now, end)
  }

  #timersWhile(alive: () => boolean): Runtime['timers'] {
    return {
      elapsed: () => this.#now,
      after: (ms, call) => {
        const waiting = this.#waiting.add(this.#now + Math.max(0, ms), () => {
          if (alive()) call()
        })
        return { [Symbol.dispose]: () => this.#waiting.cancel(waiting) }
      },
      soon: (call) => {
        this.#soon.push(() => {
          if (alive()) call()
        })
      },
    }
  }
}

async function microtasks(): Promise<void> {
  for (let i = 0; i < microtaskTurns; i++) await Promise.resolve()
}
