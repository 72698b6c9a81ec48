/** Every setting of a profile: what it does, what it is when nobody says otherwise, and what it may be. */
import { limits } from '../../crdt/wire/limits.ts'
import { isLoopback } from './loopback.ts'
import type { Settings } from '../ports/config.ts'

interface SettingShape<T> {
  readonly doc: string
  readonly initial: T
  /** The value that a text means, or why it means none. */
  parse(text: string): T | { readonly why: string }
}

/** Key → its shape, in the order of `atoll config`. The environment variable is `ATOLL_` and the key in capitals. */
export const settingShapes: { readonly [K in keyof Settings]: SettingShape<Settings[K]> } = {
  name: { doc: 'The name others see for you, unless a mesh was given another. Empty: the name of this machine’s user.', initial: '', parse: personName },
  network: { doc: '`off` cuts this node off: connections close and nothing is dialled; work goes on locally.', initial: 'on', parse: oneOf('on', 'off') },
  listen: { doc: 'Addresses to listen on for TCP: HOST:PORT, several with commas; port 0 picks a free one, [::] is every address, of both families.', initial: '[::]:0', parse: addresses },
  listen_ws: { doc: 'The same for WebSocket. Empty: none.', initial: '', parse: addresses },
  webrtc: { doc: 'Whether peers behind NAT are met directly by WebRTC. It tells members of your meshes the addresses of this machine.', initial: 'on', parse: oneOf('on', 'off') },
  lan_discovery: { doc: 'Whether peers on the same local network find each other by multicast DNS. It shows on that network that Atoll runs here.', initial: 'on', parse: oneOf('on', 'off') },
  mesh: { doc: 'The mesh that is meant when none is named: its id. `atoll use MESH` sets it.', initial: '', parse: (text) => text.trim() },
  files_quota: { doc: 'How much room shared files may take, such as 20GB. 0: as much as the disk has beyond its reserve.', initial: 0, parse: size },
  metrics: { doc: 'Where Prometheus reads numbers of this node over HTTP, at /metrics: HOST:PORT on this machine, such as 127.0.0.1:9464. Whoever uses this machine can then read them, names of peers included. Empty: nowhere.', initial: '', parse: ownAddress },
  log_level: { doc: 'How much the node writes to its log: error, warn, info or debug.', initial: 'info', parse: oneOf('error', 'warn', 'info', 'debug') },
}

/** The names of all settings. */
export const settingKeys = Object.keys(settingShapes) as readonly (keyof Settings)[]

function oneOf<const Choice extends string>(...choices: readonly Choice[]) {
  return (text: string): Choice | { why: string } => choices.find((choice) => choice === text.trim().toLowerCase()) ?? { why: `it must be ${choices.join(' or ')}` }
}

function personName(text: string): string | { why: string } {
  if (/[\p{Cc}\u2028\u2029]/u.test(text) || !text.isWellFormed()) return { why: 'it holds control characters' }
  return Buffer.byteLength(text) > limits.nameBytes ? { why: `it is over ${limits.nameBytes} bytes` } : text.trim()
}

const sizes = { '': 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 } as const

function size(text: string): number | { why: string } {
  const [, number, unit] = /^(\d{1,6}(?:\.\d{1,3})?|\d{7,15}) ?(|kb|mb|gb|tb)$/.exec(text.trim().toLowerCase()) ?? []
  return number === undefined ? { why: 'it is not a size such as 20GB' } : Math.round(Number(number) * sizes[unit as keyof typeof sizes])
}

function addresses(text: string): string | { why: string } {
  const parts = text.split(',').map((part) => part.trim()).filter((part) => part !== '')
  const wrong = parts.find((part) => !isHostPort(part))
  return wrong === undefined ? parts.join(',') : { why: `${wrong} is not HOST:PORT` }
}

function ownAddress(text: string): string | { why: string } {
  const address = text.trim()
  if (address === '') return ''
  if (!isHostPort(address)) return { why: `${address} is not HOST:PORT` }
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? []
  return isLoopback(host) ? address : { why: `others can reach ${host}, and nobody is asked who they are. Use 127.0.0.1:${port}; for a scraper elsewhere, forward that port over ssh or through a proxy of your own` }
}

function isHostPort(text: string): boolean {
  const match = /^(?:\[[0-9a-fA-F:.%]+\]|[^\s:[\]/]+):(\d{1,5})$/.exec(text)
  return match !== null && Number(match[1]) <= 65_535
}
