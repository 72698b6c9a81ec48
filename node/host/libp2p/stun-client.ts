import { createSocket } from 'node:dgram'
import { isIP } from 'node:net'
import { readStunAnswer, stunIdBytes, stunRequest } from '../../../crdt/wire/stun.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { NatKind } from '../../ports/services.ts'
import { deadline, pause } from './deadline.ts'

/** Sent again after each of these, since UDP loses packets; then given up. Milliseconds. */
const againMs = [250, 500, 1_000, 1_250] as const

/** Where STUN is answered: an IP address or a name, and a UDP port. */
export interface StunServer {
  readonly host: string
  readonly port: number
}

/** How the world sees one UDP socket of ours. */
export interface Mapping {
  readonly local_port: number
  /** For each server in turn, `ADDRESS:PORT` or null when it did not answer. */
  readonly seen: readonly (string | null)[]
}

/**
 * Asks servers over one UDP socket from where they see it (RFC 8489, RFC 5780 section 4.3).
 * @param signal ends it early; what has not been answered by then is null
 */
export async function askStun(servers: readonly StunServer[], family: 4 | 6, runtime: Runtime, signal: AbortSignal): Promise<Mapping> {
  const socket = createSocket(family === 4 ? 'udp4' : 'udp6')
  const bound = Promise.withResolvers<void>()
  socket.once('error', bound.reject)
  socket.bind(0, bound.resolve)
  const seen: (string | null)[] = servers.map(() => null)
  const all = new AbortController()
  try {
    await bound.promise
    const ids = servers.map(() => runtime.random.bytes(stunIdBytes))
    socket.on('error', () => all.abort(new Error('the socket failed')))
    socket.on('message', (packet) => {
      ids.forEach((id, index) => {
        const read = readStunAnswer(packet, id)
        if (read !== undefined) seen[index] ??= endpointText(read.ip, read.port)
      })
      if (!seen.includes(null)) all.abort(new Error('all have answered'))
    })
    using limit = deadline(runtime.timers, againMs.reduce((sum, ms) => sum + ms, 0), signal, all.signal)
    for (const ms of againMs) {
      ids.forEach((id, index) => {
        // A name that does not resolve, or a network that cannot be reached, is no answer.
        if (seen[index] === null) socket.send(stunRequest(id), servers[index]?.port ?? 0, servers[index]?.host, (error) => void error)
      })
      await pause(runtime.timers, ms, limit.signal)
      if (limit.signal.aborted) break
    }
    return { local_port: socket.address().port, seen }
  } finally {
    socket.close()
  }
}

/**
 * What kind of NAT stands between (RFC 4787), as far as two answers over one socket tell.
 * @param own the addresses of this machine
 */
export function natKind({ local_port, seen }: Mapping, own: readonly string[]): NatKind {
  const answers = seen.filter((text) => text !== null)
  const [first] = answers
  if (first === undefined) return 'udp-blocked'
  if (answers.some((text) => text !== first)) return 'symmetric'
  if (own.some((address) => endpointName(address, local_port) === first)) return 'none'
  return answers.length > 1 ? 'ordinary' : 'unknown'
}

function endpointText(ip: Uint8Array, port: number): string {
  if (ip.length === 4) return endpointName([...ip].join('.'), port)
  const groups = Array.from({ length: 8 }, (_, i) => (((ip[2 * i] as number) << 8) | (ip[2 * i + 1] as number)).toString(16))
  return endpointName(groups.join(':'), port)
}

function endpointName(address: string, port: number): string {
  if (isIP(address) === 4) return `${address}:${port}`
  // One spelling for each IPv6 address.
  return `${new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname}:${port}`
}
