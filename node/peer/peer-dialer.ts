/** Which peers to dial and when: at once on fresh news, else with pauses that double up to a minute, spread by chance. */
import type { DeviceId } from '../../crdt/wire/ids.ts'
import type { Runtime } from '../ports/runtime.ts'

const firstPauseMs = 500
const longestPauseMs = 60_000
const atOnce = 8

interface Attempt {
  pauseMs: number
  timer: Disposable | undefined
  running: boolean
  /** News came while an attempt was under way. */
  again: boolean
}

export class PeerDialer {
  readonly #runtime: Runtime
  readonly #wanted: (remote: DeviceId) => boolean
  readonly #dial: (remote: DeviceId) => Promise<void>
  readonly #attempts = new Map<DeviceId, Attempt>()
  readonly #waiting = new Set<DeviceId>()
  #running = 0
  #stopped = false

  constructor(needs: { runtime: Runtime; wanted: (remote: DeviceId) => boolean; dial: (remote: DeviceId) => Promise<void> }) {
    this.#runtime = needs.runtime
    this.#wanted = needs.wanted
    this.#dial = needs.dial
  }

  /** Tries a peer soon, unless that is under way already. */
  want(remote: DeviceId): void {
    if (!this.#attempts.has(remote)) this.now(remote)
  }

  now(remote: DeviceId): void {
    const attempt = this.#attempt(remote)
    attempt.pauseMs = firstPauseMs
    attempt.timer?.[Symbol.dispose]()
    attempt.timer = undefined
    if (attempt.running) attempt.again = true
    else this.#start(remote, attempt)
  }

  retry(remote: DeviceId): void {
    const attempt = this.#attempt(remote)
    if (!attempt.running) this.#later(remote, attempt)
  }

  /** A session stands. */
  done(remote: DeviceId): void {
    const attempt = this.#attempt(remote)
    attempt.pauseMs = firstPauseMs
  }

  stop(): void {
    this.#stopped = true
    for (const { timer } of this.#attempts.values()) timer?.[Symbol.dispose]()
  }

  #attempt(remote: DeviceId): Attempt {
    let attempt = this.#attempts.get(remote)
    if (!attempt) this.#attempts.set(remote, (attempt = { pauseMs: firstPauseMs, timer: undefined, running: false, again: false }))
    return attempt
  }

  #start(remote: DeviceId, attempt: Attempt): void {
    if (this.#stopped || !this.#wanted(remote)) return
    if (this.#running >= atOnce) {
      this.#waiting.add(remote)
      return
    }
    attempt.running = true
    this.#running++
    this.#dial(remote).then(
      () => this.#ended(remote, attempt),
      // Unreachable peers are the normal case; the network records why for `explain path`.
      () => this.#ended(remote, attempt),
    )
  }

  #ended(remote: DeviceId, attempt: Attempt): void {
    attempt.running = false
    this.#running--
    if (attempt.again) {
      attempt.again = false
      this.#start(remote, attempt)
    } else if (this.#wanted(remote)) this.#later(remote, attempt)
    for (const next of this.#waiting) {
      this.#waiting.delete(next)
      this.#start(next, this.#attempt(next))
      break
    }
  }

  #later(remote: DeviceId, attempt: Attempt): void {
    if (this.#stopped || attempt.timer) return
    const spread = 0.5 + (this.#runtime.random.bytes(1)[0] as number) / 256
    attempt.timer = this.#runtime.timers.after(attempt.pauseMs * spread, () => {
      attempt.timer = undefined
      this.#start(remote, attempt)
    })
    attempt.pauseMs = Math.min(longestPauseMs, attempt.pauseMs * 2)
  }
}
