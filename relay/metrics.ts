import { metricFamily, metricsText } from '../crdt/wire/metrics-text.ts'
import type { RelayStatus } from './counters.ts'

/** The relay's state in the text format that Prometheus scrapes. */
export function metrics(status: RelayStatus, version: string): string {
  return `${metricsText([
    metricFamily('atoll_relay_info', 'gauge', 'Version of the relay.', [{ labels: { version }, value: 1 }]),
    metricFamily('atoll_relay_uptime_seconds', 'gauge', 'Time since the start.', Math.floor(status.uptimeMs / 1000)),
    metricFamily('atoll_relay_connections', 'gauge', 'Open connections.', status.connections),
    metricFamily('atoll_relay_reservations', 'gauge', 'Peers that can be reached through this relay.', status.reservations),
    metricFamily('atoll_relay_circuits', 'gauge', 'Open circuits between two peers.', status.circuits),
    metricFamily('atoll_relay_circuits_total', 'counter', 'Circuits opened since the start.', status.circuitsOpened),
    metricFamily('atoll_relay_relayed_bytes_total', 'counter', 'Bytes passed through circuits.', status.relayedBytes),
    metricFamily('atoll_relay_stun_answers_total', 'counter', 'STUN answers sent since the start.', status.stunAnswers),
    metricFamily('atoll_relay_rendezvous_codes', 'gauge', 'Rendezvous codes that somebody stands behind or watches.', status.codes),
    metricFamily('atoll_relay_rendezvous_watchers', 'gauge', 'Peers that watch at least one code.', status.watchers),
    metricFamily('atoll_relay_refused_total', 'counter', 'What was refused, by reason.', Object.entries(status.refused).map(([reason, value]) => ({ labels: { reason }, value }))),
    metricFamily('process_resident_memory_bytes', 'gauge', 'Resident memory of the process.', process.memoryUsage.rss()),
  ]).join('\n')}\n`
}
