import type { Runtime } from '../../ports/runtime.ts'
import type { NatKind } from '../../ports/services.ts'
import { bestNat, checkNetwork } from './network-check.ts'
import type { Relays } from './relays.ts'

/** What a NAT does may change without notice, as when a provider moves its customers. */
const againMs = 600_000
const againWhenUnknownMs = 30_000

/** Keeps in mind what stands between this machine and the world: peers tell each other, so that both know why a way fails. */
export class NatWatch {
  readonly #relays: Relays
  readonly #runtime: Runtime
  readonly #stopping: AbortSignal
  #kind: NatKind = 'unknown'
  #checkAt = -Infinity
  #checking = false

  constructor(relays: Relays, runtime: Runtime, stopping: AbortSignal) {
    this.#relays = relays
    this.#runtime = runtime
    this.#stopping = stopping
  }

  get kind(): NatKind {
    return this.#kind
  }

  /** The machine woke or moved. */
  retry(): void {
    this.#checkAt = -Infinity
  }

  /** There is a way to a relay again, which may be another than before. */
  relaysChanged(): void {
    this.retry()
  }

  tick(): void {
    const now = this.#runtime.timers.elapsed()
    if (this.#checking || now < this.#checkAt || this.#relays.stun().length === 0) return
    this.#checking = true
    this.#checkAt = now + againMs
    checkNetwork(this.#relays, this.#runtime, this.#stopping)
      .then((facts) => void (this.#kind = bestNat(facts)), () => void (this.#kind = 'unknown')) // no socket to ask with: nothing is known
      .finally(() => {
        this.#checking = false
        if (this.#kind === 'unknown') this.#checkAt = now + againWhenUnknownMs
      })
  }
}
