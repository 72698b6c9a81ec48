import type { Connection, Stream, StreamHandler } from '@libp2p/interface'
import { lpStream, type LengthPrefixedStream } from '@libp2p/utils'
import type { Budgets } from './budget.ts'
import type { CircuitTable } from './circuit-table.ts'
import type { Counters, RefusalReason } from './counters.ts'
import { hopAnswer, hopMessageBytes, hopReserved, hopStatus, readHopRequest, readStopStatus, stopConnect, stopProtocol, type HopStatus } from './hop-messages.ts'
import { bytesKey, peerKey, type PeerConnections } from './peer-connections.ts'
import type { RelayClock } from './relay-clock.ts'
import type { RelayLimits } from './relay-limits.ts'
import { errorKind, type RelayLog } from './relay-log.ts'
import type { Reservations } from './reservations.ts'
import { splice } from './splice.ts'

export interface HopParts {
  readonly limits: RelayLimits
  readonly clock: RelayClock
  readonly log: RelayLog
  readonly counters: Counters
  readonly peers: PeerConnections
  readonly reservations: Reservations
  readonly circuits: CircuitTable
  readonly requests: Budgets
  readonly bytes: Budgets
  /** Where clients can tell others to reach them: multiaddrs in bytes, ending in our peer id. */
  readonly addresses: () => readonly Uint8Array[]
  /** What a connection is counted under; undefined if it is exempt. */
  readonly addressOf: (connection: Connection) => string | undefined
  readonly stopping: AbortSignal
}

/**
 * The relay's side of circuit relay v2: grants reservations, and joins a stream of one peer to a stream of
 * another into a circuit. The two ends run Noise inside it, so what passes is ciphertext.
 *
 * It stands in for `circuitRelayServer` of @libp2p/circuit-relay-v2 (the README says why); clients use that
 * package's transport as it is.
 */
export function serveHop(parts: HopParts): StreamHandler {
  const { limits, clock, log, counters, reservations, circuits } = parts

  return async (stream, connection) => {
    const signal = AbortSignal.any([AbortSignal.timeout(limits.hopMs), parts.stopping])
    const framed = lpStream(stream, { maxDataLength: hopMessageBytes, maxBufferSize: limits.windowBytes })
    try {
      const source = peerKey(connection.remotePeer)
      const bytes = await framed.read({ signal })
      if (!parts.requests.of(source, clock.now()).take(1, clock.now())) return await refuse(framed, hopStatus.resourceLimitExceeded, 'requests_per_peer', signal)
      const request = readHopRequest(bytes.subarray())
      switch (request?.type) {
        case undefined: return await refuse(framed, hopStatus.malformedMessage, 'malformed', signal)
        case 'other': return await refuse(framed, hopStatus.unexpectedMessage, 'malformed', signal)
        case 'reserve': return await reserve(framed, connection, signal)
        case 'connect': return await connect(framed, connection, request.peer, signal)
      }
    } catch (error) {
      log.debug('request_failed', { error: errorKind(error) })
      stream.abort(asError(error))
    }
  }

  async function refuse(framed: LengthPrefixedStream<Stream>, status: HopStatus, reason: RefusalReason, signal: AbortSignal): Promise<void> {
    counters.refuse(reason)
    await answer(framed, hopAnswer(status), signal)
  }

  async function reserve(framed: LengthPrefixedStream<Stream>, connection: Connection, signal: AbortSignal): Promise<void> {
    const result = reservations.reserve(peerKey(connection.remotePeer), parts.addressOf(connection))
    if (!result.ok) return refuse(framed, hopStatus.reservationRefused, result.reason, signal)
    await answer(framed, hopReserved(result.expiresAt, parts.addresses()), signal)
  }

  async function connect(framed: LengthPrefixedStream<Stream>, connection: Connection, to: Uint8Array, signal: AbortSignal): Promise<void> {
    const source = peerKey(connection.remotePeer)
    const destination = bytesKey(to)
    if (source === destination) return refuse(framed, hopStatus.permissionDenied, 'circuit_to_self', signal)
    if (!reservations.has(destination)) return refuse(framed, hopStatus.noReservation, 'no_reservation', signal)
    const slot = circuits.open(source, destination)
    if (!slot.ok) return refuse(framed, hopStatus.resourceLimitExceeded, slot.reason, signal)
    let far: Stream | undefined
    try {
      far = await reach(destination, connection.remotePeer.toMultihash().bytes, signal)
      if (far === undefined) {
        slot.release()
        return await refuse(framed, hopStatus.connectionFailed, 'unreachable', signal)
      }
      await framed.write(hopAnswer(hopStatus.ok), { signal })
    } catch (error) {
      slot.release()
      far?.abort(asError(error))
      throw error
    }
    counters.circuitsOpened++
    join(framed.unwrap(), far, source, destination, slot.release)
  }

  function join(near: Stream, far: Stream, source: string, destination: string, release: () => void): void {
    const stop = (): void => {
      near.abort(new Error('the relay stops'))
      far.abort(new Error('the relay stops'))
    }
    parts.stopping.addEventListener('abort', stop, { once: true })
    splice(near, far, {
      clock,
      stallMs: limits.stallMs,
      stalled: () => counters.refuse('slow_reader'),
      passed: (from, bytes) => {
        counters.relayedBytes += bytes
        return parts.bytes.of(from === 'source' ? source : destination, clock.now()).spend(bytes, clock.now())
      },
      ended: () => {
        parts.stopping.removeEventListener('abort', stop)
        release()
      },
    })
  }

  /** A stream that the destination accepted, on the newest connection that answers; undefined if none does. */
  async function reach(destination: string, source: Uint8Array, signal: AbortSignal): Promise<Stream | undefined> {
    for (const connection of parts.peers.of(destination).slice(0, 2)) {
      const far = await ask(connection, source, AbortSignal.any([signal, AbortSignal.timeout(limits.stopMs)]))
      if (far !== undefined) return far
      signal.throwIfAborted()
    }
    return undefined
  }

  async function ask(connection: Connection, source: Uint8Array, signal: AbortSignal): Promise<Stream | undefined> {
    let stream: Stream | undefined
    try {
      stream = await connection.newStream(stopProtocol, { signal, maxOutboundStreams: limits.circuitsToPeer })
      const framed = lpStream(stream, { maxDataLength: hopMessageBytes, maxBufferSize: limits.windowBytes })
      await framed.write(stopConnect(source), { signal })
      const status = readStopStatus((await framed.read({ signal })).subarray())
      if (status === hopStatus.ok) return framed.unwrap()
      await stream.close({ signal })
      return undefined
    } catch (error) {
      log.debug('destination_failed', { error: errorKind(error) })
      stream?.abort(asError(error))
      return undefined
    }
  }
}

async function answer(framed: LengthPrefixedStream<Stream>, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  await framed.write(bytes, { signal })
  await framed.unwrap().close({ signal })
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
