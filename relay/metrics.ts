import { refusalReasons, type RelayStatus } from './counters.ts'

/** The relay's state in the text format that Prometheus scrapes (version 0.0.4). */
export function metrics(status: RelayStatus, version: string): string {
  const lines = [
    ...family('atoll_relay_info', 'gauge', 'Version of the relay.', [[`version="${version.replaceAll(/["\\\n]/g, '')}"`, 1]]),
    ...family('atoll_relay_uptime_seconds', 'gauge', 'Time since the start.', Math.floor(status.uptimeMs / 1000)),
    ...family('atoll_relay_connections', 'gauge', 'Open connections.', status.connections),
    ...family('atoll_relay_reservations', 'gauge', 'Peers that can be reached through this relay.', status.reservations),
    ...family('atoll_relay_circuits', 'gauge', 'Open circuits between two peers.', status.circuits),
    ...family('atoll_relay_circuits_total', 'counter', 'Circuits opened since the start.', status.circuitsOpened),
    ...family('atoll_relay_relayed_bytes_total', 'counter', 'Bytes passed through circuits.', status.relayedBytes),
    ...family('atoll_relay_stun_answers_total', 'counter', 'STUN answers sent since the start.', status.stunAnswers),
    ...family('atoll_relay_rendezvous_codes', 'gauge', 'Rendezvous codes that somebody stands behind or watches.', status.codes),
    ...family('atoll_relay_rendezvous_watchers', 'gauge', 'Peers that watch at least one code.', status.watchers),
    ...family('atoll_relay_refused_total', 'counter', 'What was refused, by reason.', refusalReasons.map((reason) => [`reason="${reason}"`, status.refused[reason]] as const)),
    ...family('process_resident_memory_bytes', 'gauge', 'Resident memory of the process.', process.memoryUsage.rss()),
  ]
  return `${lines.join('\n')}\n`
}

function family(name: string, type: 'gauge' | 'counter', help: string, values: number | readonly (readonly [label: string, value: number])[]): readonly string[] {
  const samples = typeof values === 'number' ? [`${name} ${values}`] : values.map(([label, value]) => `${name}{${label}} ${value}`)
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples]
}
