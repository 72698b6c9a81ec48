import { createSocket, type Socket } from 'node:dgram'
import { isIP } from 'node:net'
import { readStunRequest, stunAnswer } from '../crdt/wire/stun.ts'
import type { Budgets } from './budget.ts'
import type { Counters } from './counters.ts'
import { addressGroup, canonicalAddress } from './ip-address.ts'
import type { HostPort } from './relay-addresses.ts'
import type { RelayClock } from './relay-clock.ts'
import { RelayError } from './relay-error.ts'
import { errorKind, type RelayLog } from './relay-log.ts'

export interface StunParts {
  readonly listen: readonly HostPort[]
  readonly clock: RelayClock
  readonly log: RelayLog
  readonly counters: Counters
  /** Answers per address. A forged sender gets no more of them than that, each about as long as the request. */
  readonly answers: Budgets
}

export interface Stun {
  /** One UDP port for each that was asked for. */
  readonly ports: readonly number[]
  close(): void
}

/**
 * Tells whoever asks over UDP from which address and port the question came (RFC 8489): WebRTC needs it to get through
 * NAT. Asked at two ports, a node learns whether its NAT gives it one mapping or several (RFC 4787). Throws RelayError.
 */
export async function serveStun(parts: StunParts): Promise<Stun> {
  const sockets: Socket[] = []
  const close = (): void => sockets.splice(0).forEach((socket) => socket.close())
  try {
    for (const each of parts.listen) sockets.push(await bound(each, parts))
  } catch (error) {
    close()
    throw error
  }
  return { ports: sockets.map((socket) => socket.address().port), close }
}

async function bound({ host, port }: HostPort, parts: StunParts): Promise<Socket> {
  const socket = createSocket({ type: isIP(host) === 6 ? 'udp6' : 'udp4', ipv6Only: false })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once('error', reject)
  socket.bind({ address: host, port, exclusive: true }, resolve)
  try {
    await promise
  } catch (error) {
    socket.close()
    throw new RelayError({ problem: 'cannot_listen', address: `${host}:${port}/udp`, why: error instanceof Error ? error.message : String(error) }, { cause: error })
  }
  // An answer that could not be sent is one lost on the way: who asked asks again.
  socket.on('error', (error) => parts.log.debug('stun_not_sent', { error: errorKind(error) }))
  socket.on('message', (packet, from) => answer(socket, packet, { host: from.address, port: from.port }, parts))
  return socket
}

function answer(socket: Socket, packet: Uint8Array, from: HostPort, { answers, clock, counters }: StunParts): void {
  const id = readStunRequest(packet)
  if (id === undefined) return
  const address = canonicalAddress(from.host)
  if (!answers.of(addressGroup(address), clock.now()).take(1, clock.now())) return counters.refuse('stun_per_address')
  const ip = ipBytes(address)
  if (ip === undefined) return
  counters.stunAnswers++
  socket.send(stunAnswer(id, { ip, port: from.port }), from.port, from.host)
}

/** The 4 or 16 bytes of an address. */
function ipBytes(address: string): Uint8Array | undefined {
  if (isIP(address) === 4) return Uint8Array.from(address.split('.').map(Number))
  if (isIP(address) !== 6) return undefined
  const [head = '', tail] = address.split('::')
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
  const [left, right] = [groups(head), groups(tail ?? '')]
  const all = tail === undefined ? left : [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right]
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 255]))
}
