import { createServer, isIP, type AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { AtollError } from '../../ports/errors.ts'

/** Reads what the settings say: `HOST:PORT`, `[IPv6]:PORT` or a multiaddr. Throws bad_input. */
export function listenMultiaddr(text: string, kind: 'tcp' | 'ws'): string {
  if (text.startsWith('/')) return whole(text)
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text.trim()) ?? []
  const host = bracketed ?? (plain === 'localhost' ? '127.0.0.1' : plain)
  if (host === undefined || digits === undefined || Number(digits) > 65_535) throw cannotListen(text, 'it should look like 0.0.0.0:4001 or [::]:4001')
  const family = isIP(host)
  if (family === 0) throw cannotListen(text, 'listening needs an IP address of this machine, such as 0.0.0.0 for all of them')
  return `/ip${family}/${host}/tcp/${digits}${kind === 'ws' ? '/ws' : ''}`
}

export function cannotListen(text: string, why: string, cause?: unknown): AtollError {
  return new AtollError('bad_input', { what: `Cannot listen on ${text}: ${why}.` }, cause === undefined ? {} : { cause })
}

/** `[::]` stands for every address of this machine, of both families: a listener for each that it has. */
export function everyFamily(address: string, hasIpv6 = Object.values(networkInterfaces()).flat().some((one) => one?.family === 'IPv6')): readonly string[] {
  if (!address.startsWith('/ip6/::/')) return [address]
  const ipv4 = address.replace('/ip6/::/', '/ip4/0.0.0.0/')
  return hasIpv6 ? [ipv4, address] : [ipv4]
}

/** A port that is free for both families, where that was left open and both are listened on: an address is easier to keep, and to open, with one port. */
export async function onOnePort(address: string): Promise<string> {
  if (!address.startsWith('/ip6/::/tcp/0')) return address
  const probe = createServer()
  const { promise, resolve } = Promise.withResolvers<number>()
  // No IPv6 here: then there is one listener, which picks for itself.
  probe.once('error', () => resolve(0))
  probe.listen({ port: 0, host: '::' }, () => {
    const { port } = probe.address() as AddressInfo
    probe.close(() => resolve(port))
  })
  return withPort(address, await promise)
}

/** The same address with the port that was picked for it, so that it is found there again. */
export function withPort(address: string, port: number): string {
  return address.replace(/\/tcp\/\d+/, `/tcp/${port}`)
}

/** Whether a multiaddr leads to the same machine only. */
export function isLoopback(address: string): boolean {
  return /^\/ip4\/127\.|^\/ip6\/::1\//.test(address)
}

export function portOf(address: Multiaddr): number {
  return Number(address.getComponents().find(({ name }) => name === 'tcp')?.value ?? 0)
}

function whole(text: string): string {
  try {
    return multiaddr(text).toString()
  } catch (error) {
    throw cannotListen(text, 'it is no multiaddr', error)
  }
}
