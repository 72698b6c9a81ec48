import type { RefusalReason } from './counters.ts'
import type { RelayLog } from './relay-log.ts'

/** What happens every day when peers sleep: no reason to warn. */
const everyday: ReadonlySet<RefusalReason> = new Set(['no_reservation', 'unreachable'])

/** Logs the first refusal of each kind at once, and the others as a number now and then, so that nobody can flood the log. */
export class RefusalLog {
  readonly #log: RelayLog
  readonly #since = new Map<RefusalReason, number>()

  constructor(log: RelayLog) {
    this.#log = log
  }

  count(reason: RefusalReason): void {
    const before = this.#since.get(reason) ?? 0
    this.#since.set(reason, before + 1)
    if (before === 0) this.#log[level(reason)]('refused', { reason })
  }

  sumUp(): void {
    for (const [reason, times] of this.#since) if (times > 1) this.#log[level(reason)]('refused', { reason, times })
    this.#since.clear()
  }
}

function level(reason: RefusalReason): 'info' | 'warn' {
  return everyday.has(reason) ? 'info' : 'warn'
}
