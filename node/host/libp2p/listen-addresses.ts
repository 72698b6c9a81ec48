import { isIP } from 'node:net'
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

/** The same address with the port that was picked for it, so that it is found there again. */
export function withPort(address: string, port: number): string {
  return address.replace(/\/tcp\/\d+/, `/tcp/${port}`)
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
