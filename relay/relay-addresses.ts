import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { isPrivateIp } from '@libp2p/utils'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { isLoopback } from './ip-address.ts'
import { RelayError } from './relay-error.ts'

export interface HostPort {
  /** An IP address. */
  readonly host: string
  readonly port: number
}

/** Reads `HOST:PORT`, `[IPv6]:PORT` or `localhost:PORT`. Throws RelayError. */
export function parseHostPort(text: string): HostPort {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? (plain === 'localhost' ? '127.0.0.1' : plain)
  const port = Number(digits)
  if (host === undefined || digits === undefined) throw new RelayError({ problem: 'bad_address', text, why: 'it should look like 0.0.0.0:4001 or [::]:4001' })
  if (isIP(host) === 0) throw new RelayError({ problem: 'bad_address', text, why: 'listening needs an IP address of this machine, such as 0.0.0.0 for all of them' })
  if (port > 65535) throw new RelayError({ problem: 'bad_address', text, why: 'a port is at most 65535' })
  return { host, port }
}

export function listenMultiaddr({ host, port }: HostPort, kind: 'tcp' | 'ws'): string {
  return `/ip${isIP(host)}/${host}/tcp/${port}${kind === 'ws' ? '/ws' : ''}`
}

/** `[::]` stands for every address of this machine, of both families: a listener for each that it has. */
export function everyFamily({ host, port }: HostPort, hasIpv6 = Object.values(networkInterfaces()).flat().some((one) => one?.family === 'IPv6')): readonly HostPort[] {
  if (host !== '::') return [{ host, port }]
  return hasIpv6 ? [{ host: '0.0.0.0', port }, { host, port }] : [{ host: '0.0.0.0', port }]
}

/** Where a relay at these addresses answers STUN: the same hosts, on these UDP ports. */
export function stunAddresses(addresses: readonly string[], ports: readonly number[]): readonly string[] {
  const hosts = new Set(addresses.map((address) => /^\/[^/]+\/[^/]+/.exec(address)?.[0] ?? ''))
  return [...hosts].flatMap((host) => ports.map((port) => `${host}/udp/${port}`))
}

export function httpUrl({ host, port }: HostPort): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${isIP(reachable) === 6 ? `[${reachable}]` : reachable}:${port}`
}

/**
 * Reads what an operator announces: a multiaddr (`/dns/relay.example.org/tcp/443/tls/ws`), with or without our
 * `/p2p/` ending, or `HOST:PORT` for TCP. Throws RelayError.
 */
export function parseAnnounce(text: string, peer: string): string {
  const [, host, port] = /^\[?([^/\]]+)\]?:(\d{1,5})$/.exec(text) ?? []
  const full = host === undefined ? text : `/${isIP(host) === 0 ? 'dns' : `ip${isIP(host)}`}/${host}/tcp/${port}`
  let address: Multiaddr
  try {
    address = multiaddr(full)
  } catch (error) {
    throw new RelayError({ problem: 'bad_address', text, why: 'it should look like relay.example.org:4001 or /dns/relay.example.org/tcp/443/tls/ws' }, { cause: error })
  }
  const named = address.getComponents().filter(({ name }) => name === 'p2p')
  if (named.some(({ value }) => value !== peer)) throw new RelayError({ problem: 'bad_address', text, why: `it names another peer; this relay is ${peer}` })
  if (!address.getComponents().some(({ name }) => name === 'tcp')) throw new RelayError({ problem: 'bad_address', text, why: 'it names no TCP port' })
  return full.replace(/\/p2p\/[^/]+$/, '')
}

/**
 * The addresses to hand out, from those the listeners are bound to: best first (public, then private networks,
 * TCP before WebSocket), and loopback only where there is nothing else.
 */
export function reachableAddresses(bound: readonly Multiaddr[]): readonly string[] {
  const ranked = bound.map((address) => ({ text: address.toString(), rank: rank(address) }))
  const beyond = ranked.filter(({ rank }) => rank < 4)
  return (beyond.length > 0 ? beyond : ranked).toSorted((a, b) => a.rank - b.rank).map(({ text }) => text)
}

function rank(address: Multiaddr): number {
  const parts = address.getComponents()
  const ip = parts.find(({ name }) => name === 'ip4' || name === 'ip6')?.value ?? ''
  const distance = isLoopback(ip) ? 2 : isPrivateIp(ip) === true || /^f[cd]|^fe80/i.test(ip) ? 1 : 0
  return distance * 2 + (parts.some(({ name }) => name === 'ws') ? 1 : 0)
}
