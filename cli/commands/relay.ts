import { join, resolve } from 'node:path'
import { AtollError } from '../../node/ports/errors.ts'
import { parseHostPort } from '../../relay/relay-addresses.ts'
import { RelayError } from '../../relay/relay-error.ts'
import { loadRelayKey } from '../../relay/relay-key.ts'
import type { RelayLog, RelayLogFields } from '../../relay/relay-log.ts'
import { startRelay, type Relay } from '../../relay/relay.ts'
import type { Command, CommandInput, Terminal } from '../command.ts'
import { giveBackMemory } from '../give-back-memory.ts'
import { version } from '../version.ts'

const defaultListen = '[::]:4001'

/** Runs a relay until it is interrupted. */
export const command: Command = {
  name: 'relay',
  summary: 'Run a relay that helps peers meet; it can read nothing',
  usage: ['atoll relay [--listen HOST:PORT] [--listen-ws HOST:PORT] [--announce ADDR]… [--http HOST:PORT] [--stun HOST:PORT] [--key FILE]'],
  example: 'atoll relay --announce relay.example.org:4001',
  options: {
    listen: { type: 'string', doc: `Where to listen for TCP; port 0 picks one, [::] is every address of this machine, IPv4 as well. Default ${defaultListen}.` },
    'listen-ws': { type: 'string', doc: 'Where to listen for WebSocket. Default: the same host, the next port.' },
    announce: { type: 'string', multiple: true, doc: 'An address to hand out instead of those of this machine: HOST:PORT, or a multiaddr such as /dns/relay.example.org/tcp/443/tls/ws.' },
    http: { type: 'string', doc: 'Where to serve /health, /metrics and the page behind invite links. Default: the same host, the port after that.' },
    stun: { type: 'string', doc: 'Where to answer STUN over UDP, with which nodes behind NAT find direct ways; the next port is used too. Default: the TCP and WebSocket ports.' },
    key: { type: 'string', doc: 'The file that holds the relay’s key; made if missing. Default: relay.key in ATOLL_HOME.' },
  },
  positional: [],
  run: async (input) => {
    const relay = await start(input).catch((error: unknown) => {
      throw error instanceof RelayError ? explain(error) : error
    })
    announceReady(relay, input)
    // People wait for a node, hardly ever for a relay.
    using _ = giveBackMemory(0.4)
    await aborted(input.signal)
    await relay.stop()
    return 0
  },
}

async function start({ values, home, json, terminal }: CommandInput): Promise<Relay> {
  const listen = text(values['listen']) ?? defaultListen
  const keyFile = text(values['key'])
  return startRelay({
    key: await loadRelayKey(keyFile === undefined ? join(home, 'relay.key') : resolve(keyFile), { privateDirectory: keyFile === undefined }),
    listen,
    listenWs: text(values['listen-ws']) ?? beside(listen, 1),
    http: text(values['http']) ?? beside(listen, 2),
    stun: text(values['stun']),
    announce: [values['announce'] ?? []].flat().map(String),
    version,
    log: json ? jsonLog(terminal) : readableLog(terminal),
  })
}

function text(value: CommandInput['values'][string]): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A port near the one that was named, so that one number is enough to remember; any free one if that was 0. */
function beside(listen: string, by: number): string {
  const { host, port } = parseHostPort(listen)
  const near = port === 0 || port + by > 65535 ? 0 : port + by
  return host.includes(':') ? `[${host}]:${near}` : `${host}:${near}`
}

function announceReady({ addresses, http, peer, stun }: Relay, { json, terminal }: CommandInput): void {
  if (json) {
    terminal.json({ addresses, http, peer, stun })
    return
  }
  terminal.out([
    'The relay is ready. It helps peers meet and passes on what it cannot read.',
    '',
    'Addresses:',
    ...addresses.map((address) => `  ${address}`),
    `STUN, over UDP: ${stun.join('  ')}`,
    `Health, metrics and invite page: ${http}/health  ${http}/metrics  ${http}/i`,
    '',
    'Make a mesh that uses it:',
    `  atoll create NAME --relay ${addresses[0] ?? 'ADDRESS'}`,
    '',
    'Ctrl-C stops it.',
  ].join('\n'))
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) resolve()
  else signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}

function jsonLog(terminal: Terminal): RelayLog {
  const line = (level: string) => (event: string, fields: RelayLogFields = {}): void => {
    terminal.err(JSON.stringify({ time: new Date().toISOString(), level, scope: 'relay', event, ...fields }))
  }
  return { info: line('info'), warn: line('warn'), debug: () => {} }
}

function readableLog(terminal: Terminal): RelayLog {
  const line = (event: string, fields: RelayLogFields = {}): void => {
    const said = Object.entries(fields).map(([name, value]) => `${name}=${value}`)
    terminal.err([new Date().toISOString(), event.replaceAll('_', ' '), ...said].join('  '))
  }
  return { info: line, warn: line, debug: () => {} }
}

/** The relay knows nothing of the table of errors; here its problems get their codes. */
function explain(error: RelayError): AtollError {
  const { detail } = error
  const options = { cause: error }
  switch (detail.problem) {
    case 'key_modes': return new AtollError('profile_modes', { path: detail.path, mode: detail.mode, command: detail.command }, options)
    case 'key_unreadable': return new AtollError('profile_readonly', { path: detail.path, why: detail.why }, options)
    case 'cannot_listen': return new AtollError('bad_input', { what: `${error.message} Stop what uses it, or choose another with --listen, --listen-ws or --http.` }, options)
    case 'bad_address':
    case 'key_malformed': return new AtollError('bad_input', { what: error.message }, options)
  }
}
