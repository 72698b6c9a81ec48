import { serviceCapabilities, transportSymbol, type Connection, type DialTransportOptions, type Listener, type Stream, type Transport, type Upgrader } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import type { Log } from '../../ports/log.ts'
import type { Timers } from '../../ports/runtime.ts'
import { CircuitConnection } from './circuit-connection.ts'
import { circuitMessageBytes, CircuitRefusedError, hopConnect, hopProtocol, readHopAnswer, readStopConnect, statusOk, stopAnswer } from './circuit-messages.ts'
import { deadline } from './deadline.ts'
import { deviceToPeerId, peerIdBytesToDevice, peerIdTextToDevice } from './device-peer-id.ts'
import { asError, whyOf } from './why.ts'

/** A relay's caller is let in, or given up, in this time. */
const stopMs = 8_000

export interface CircuitTransportParts {
  readonly timers: Timers
  readonly log: Log
  /** A connection to the relay of a circuit address: the one that stands, or one dialled now. */
  readonly relay: (address: Multiaddr, signal: AbortSignal) => Promise<Connection>
  /** Whether this relay was asked to bring us callers. */
  readonly reserved: (relay: Connection) => boolean
  /** From whom none is taken: the relay gets no answer, as from a device that has just lost its power. */
  readonly isBarred: (caller: DeviceId) => boolean
  readonly stopping: AbortSignal
}

/**
 * The client's side of circuit relay v2: dials through relays and lets in who comes through one.
 *
 * It stands in for `circuitRelayTransport` of @libp2p/circuit-relay-v2, whose reservations wedge: a relay that
 * once refused a dial is in a filter for good ("was previously invalid"), closing one listener cancels the
 * reservations at all relays, and a dial takes the oldest connection to the relay, dead or not. Reservations are
 * held in relay-client.ts instead.
 */
export class CircuitTransport implements Transport {
  readonly [transportSymbol] = true
  readonly [Symbol.toStringTag] = '@libp2p/circuit-relay-v2-transport'
  // What the WebRTC transport asks for, which signals over circuits.
  readonly [serviceCapabilities] = ['@libp2p/transport', '@libp2p/circuit-relay-v2-transport']
  readonly #parts: CircuitTransportParts
  readonly #upgrader: Upgrader

  constructor(parts: CircuitTransportParts, upgrader: Upgrader) {
    this.#parts = parts
    this.#upgrader = upgrader
  }

  async dial(address: Multiaddr, { signal }: DialTransportOptions): Promise<Connection> {
    const [through = '', to = ''] = address.toString().split('/p2p-circuit/p2p/')
    const device = peerIdTextToDevice(to)
    if (device === undefined) throw new TypeError('a circuit address must end in the id of a device')
    const relay = await this.#parts.relay(multiaddr(through), signal)
    const stream = await relay.newStream(hopProtocol, { signal, maxOutboundStreams: Number.MAX_SAFE_INTEGER })
    try {
      const framed = lpStream(stream, { maxDataLength: circuitMessageBytes })
      await framed.write(hopConnect(deviceToPeerId(device).toMultihash().bytes), { signal })
      const answer = readHopAnswer((await framed.read({ signal })).subarray())
      if (answer?.status !== statusOk) throw new CircuitRefusedError(answer?.status ?? 400)
      return await this.#upgrader.upgradeOutbound(new CircuitConnection(framed.unwrap(), address, 'outbound'), { signal })
    } catch (error) {
      stream.abort(asError(error))
      throw error
    }
  }

  /** A relay asks us to take a circuit from one of its other clients. Never rejects. */
  async accept(stream: Stream, relay: Connection): Promise<void> {
    const { timers, log, reserved, isBarred, stopping } = this.#parts
    using limit = deadline(timers, stopMs, stopping)
    const { signal } = limit
    try {
      if (!reserved(relay)) throw new Error('no reservation is held there')
      const framed = lpStream(stream, { maxDataLength: circuitMessageBytes })
      const caller = readStopConnect((await framed.read({ signal })).subarray())
      const device = caller === undefined ? undefined : peerIdBytesToDevice(caller)
      if (device === undefined) throw new Error('it named no device')
      if (isBarred(device)) throw new Error('it is blocked')
      await framed.write(stopAnswer(statusOk), { signal })
      const from = relay.remoteAddr.encapsulate(`/p2p-circuit/p2p/${deviceToPeerId(device).toString()}`)
      await this.#upgrader.upgradeInbound(new CircuitConnection(framed.unwrap(), from, 'inbound'), { signal })
    } catch (error) {
      log.debug('circuit_not_accepted', { why: whyOf(error) })
      stream.abort(asError(error))
    }
  }

  createListener(): Listener {
    throw new TypeError('nothing listens on circuits: relay-client.ts holds reservations')
  }

  listenFilter(): Multiaddr[] {
    return []
  }

  dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter((address) => {
      const names = address.getComponents().map(({ name }) => name)
      return names.at(-2) === 'p2p-circuit' && names.at(-1) === 'p2p' && names.at(-3) === 'p2p'
    })
  }
}
