/** Counts calls of operations, how they ended and how long they took. Numbers only: what was asked stays with who asked. */
import { metricFamily, type MetricFamily } from '../../crdt/wire/metrics-text.ts'
import type { ErrorCode } from '../ports/errors.ts'
import type { OperationMeter } from '../ports/meter.ts'
import type { Timers } from '../ports/runtime.ts'

interface Counted {
  begun: number
  ended: number
  seconds: number
  readonly failures: Map<ErrorCode, number>
}

export class CallCounter implements OperationMeter {
  readonly #timers: Pick<Timers, 'elapsed'>
  readonly #counted = new Map<string, Counted>()

  /** @param operations those that are shown before they are first called, so that a first call is seen as a change */
  constructor(timers: Pick<Timers, 'elapsed'>, operations: readonly string[]) {
    this.#timers = timers
    for (const operation of operations) this.#of(operation)
  }

  began(operation: string): (failedWith?: ErrorCode) => void {
    const counted = this.#of(operation)
    const at = this.#timers.elapsed()
    counted.begun++
    return (failedWith) => {
      counted.ended++
      counted.seconds += (this.#timers.elapsed() - at) / 1000
      if (failedWith !== undefined) counted.failures.set(failedWith, (counted.failures.get(failedWith) ?? 0) + 1)
    }
  }

  families(): readonly MetricFamily[] {
    const all = [...this.#counted].map(([operation, counted]) => ({ labels: { operation }, counted }))
    return [
      metricFamily('atoll_operation_calls_total', 'counter', 'Calls begun, by operation.', all.map(({ labels, counted }) => ({ labels, value: counted.begun }))),
      metricFamily('atoll_operation_failures_total', 'counter', 'Calls that failed, by operation and code; what goes on until it is cancelled ends as `cancelled`.', all.flatMap(({ labels, counted }) => [...counted.failures].map(([code, value]) => ({ labels: { ...labels, code }, value })))),
      metricFamily('atoll_operation_duration_seconds', 'summary', 'How long calls took that have ended.', all.flatMap(({ labels, counted }) => [{ labels, value: counted.seconds, part: 'sum' as const }, { labels, value: counted.ended, part: 'count' as const }])),
    ]
  }

  #of(operation: string): Counted {
    const known = this.#counted.get(operation) ?? { begun: 0, ended: 0, seconds: 0, failures: new Map() }
    this.#counted.set(operation, known)
    return known
  }
}
