/** Why the relay said no. The words are stable: they are the labels of a metric. */
export const refusalReasons = [
  'connections_full',
  'connections_per_address',
  'connection_rate',
  'connections_per_peer',
  'upgrade_timeout',
  'reservations_full',
  'reservations_per_address',
  'no_reservation',
  'unreachable',
  'circuits_full',
  'circuits_per_peer',
  'circuits_to_peer',
  'circuits_per_pair',
  'circuit_to_self',
  'requests_per_peer',
  'stun_per_address',
  'malformed',
  'too_many_codes',
  'slow_reader',
] as const
export type RefusalReason = (typeof refusalReasons)[number]

/** What the relay counts while it runs. Numbers only: nothing here names anybody. */
export class Counters {
  relayedBytes = 0
  circuitsOpened = 0
  stunAnswers = 0
  readonly refused = Object.fromEntries(refusalReasons.map((reason) => [reason, 0])) as Record<RefusalReason, number>
  readonly #onRefuse: (reason: RefusalReason) => void

  constructor(onRefuse: (reason: RefusalReason) => void = () => {}) {
    this.#onRefuse = onRefuse
  }

  refuse(reason: RefusalReason): void {
    this.refused[reason]++
    this.#onRefuse(reason)
  }
}

/** The relay at one moment. */
export interface RelayStatus {
  readonly uptimeMs: number
  readonly connections: number
  readonly reservations: number
  readonly circuits: number
  readonly circuitsOpened: number
  readonly relayedBytes: number
  readonly stunAnswers: number
  /** Rendezvous codes that somebody stands behind or watches. */
  readonly codes: number
  /** Peers that watch at least one code. */
  readonly watchers: number
  readonly refused: Readonly<Record<RefusalReason, number>>
}
