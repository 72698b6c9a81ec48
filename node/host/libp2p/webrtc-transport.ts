import { serviceCapabilities, serviceDependencies, transportSymbol, type Connection, type DialTransportOptions, type Listener, type Startable, type Stream, type StreamHandler, type Transport } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import type { Log } from '../../ports/log.ts'
import { streamsPerConnection } from './connection-limits.ts'
import { peerIdToDevice } from './device-peer-id.ts'
import type { StunServer } from './stun-client.ts'
import { asError, whyOf } from './why.ts'

export const signalProtocol = '/webrtc-signaling/0.0.1'
/** Connections being negotiated for others, in all and for one of them. */
const negotiations = 32
const negotiationsPerPeer = 2
/** 16 KiB is what other implementations take; ours take more, with less to do for each byte. */
const messageBytes = 64 * 1024
/** Handed to the channel and not yet sent: enough that it never runs dry, little beside what a stream may hold. */
const bufferedBytes = 1024 * 1024

export interface WebRtcParts {
  readonly log: Log
  /** Where STUN is answered, the nearest first. Nobody else is ever asked. */
  readonly stun: () => readonly StunServer[]
  /** Whether a device is one that we share a mesh with: only such learn this machine's addresses. */
  readonly known: (device: DeviceId) => boolean
  /** The connection through a relay over which to negotiate. */
  readonly signalOver: (device: DeviceId) => Connection | undefined
}

type WebRtc = (components: never) => Transport & Startable
type Handler = (stream: Stream, connection: Connection) => unknown

/** The parts of libp2p that this transport uses. */
export interface WebRtcComponents {
  readonly registrar: { handle(protocol: string, handler: StreamHandler, options?: object): Promise<void>; unhandle(protocol: string): Promise<void> }
}

/**
 * WebRTC data channels between peers behind NAT, negotiated over a connection through a relay: that connection is
 * authenticated, and so are the fingerprints that pass over it.
 *
 * It stands before the transport of @libp2p/webrtc, which is loaded on first use (it is native and weighs 15 MB), would
 * negotiate with any stranger, over whichever connection is the oldest, and asks third parties for its address unless told whom to ask.
 */
export class WebRtcTransport implements Transport, Startable {
  readonly [transportSymbol] = true
  readonly [Symbol.toStringTag] = '@libp2p/webrtc'
  readonly [serviceCapabilities] = ['@libp2p/transport']
  readonly [serviceDependencies] = ['@libp2p/identify', '@libp2p/circuit-relay-v2-transport']
  readonly #parts: WebRtcParts
  readonly #components: WebRtcComponents
  readonly #negotiating = new Map<DeviceId, number>()
  #loading: Promise<Loaded> | undefined

  constructor(parts: WebRtcParts, components: WebRtcComponents) {
    this.#parts = parts
    this.#components = components
  }

  async start(): Promise<void> {
    await this.#components.registrar.handle(signalProtocol, (stream, connection) => void this.#accept(stream, connection), { runOnLimitedConnection: true, maxInboundStreams: negotiationsPerPeer })
  }

  /** Loads what it needs, so that the first negotiation need not wait for it. */
  warmUp(): void {
    this.#load().catch(() => {}) // whoever dials hears why
  }

  async stop(): Promise<void> {
    await this.#components.registrar.unhandle(signalProtocol)
    await this.#loading?.then(({ transport }) => transport.stop(), () => {}) // what did not load needs no stopping
  }

  async dial(address: Multiaddr, options: DialTransportOptions): Promise<Connection> {
    const { transport } = await this.#load()
    return await transport.dial(address, options)
  }

  createListener(): Listener {
    throw new TypeError('WebRTC is negotiated over circuits; nothing listens')
  }

  listenFilter(): Multiaddr[] {
    return []
  }

  dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter((address) => address.getComponents().some(({ name }) => name === 'webrtc'))
  }

  /** A peer wants to negotiate. Never rejects. */
  async #accept(stream: Stream, connection: Connection): Promise<void> {
    const device = peerIdToDevice(connection.remotePeer)
    const open = device === undefined ? 0 : (this.#negotiating.get(device) ?? 0)
    const all = [...this.#negotiating.values()].reduce((sum, one) => sum + one, 0)
    if (device === undefined || !this.#parts.known(device) || open >= negotiationsPerPeer || all >= negotiations) return stream.abort(new Error('not negotiated'))
    this.#negotiating.set(device, open + 1)
    try {
      const { negotiate } = await this.#load()
      await negotiate(stream, connection)
    } catch (error) {
      this.#parts.log.debug('webrtc_not_accepted', { why: whyOf(error) })
      stream.abort(asError(error))
    } finally {
      const left = (this.#negotiating.get(device) ?? 1) - 1
      if (left === 0) this.#negotiating.delete(device)
      else this.#negotiating.set(device, left)
    }
  }

  #load(): Promise<Loaded> {
    this.#loading ??= this.#create()
    return this.#loading
  }

  async #create(): Promise<Loaded> {
    const { webRTC } = await loadWebRtc().catch((error: unknown) => {
      this.#parts.log.warn('webrtc_missing', { why: whyOf(error) })
      throw new Error('WebRTC is not installed on this machine', { cause: error })
    })
    const init: Parameters<typeof webRTC>[0] = {
      rtcConfiguration: () => ({ iceServers: this.#parts.stun().slice(0, 1).map(({ host, port }) => ({ urls: [`stun:${host.includes(':') ? `[${host}]` : host}:${port}`] })) }),
      dataChannel: { maxMessageSize: messageBytes, maxBufferedAmount: bufferedBytes },
      maxEarlyStreams: streamsPerConnection,
    }
    let negotiate: Handler | undefined
    // libp2p hands over its parts as one object that makes them up as they are asked for.
    const components: object = Object.create(this.#components, {
      registrar: { value: { handle: async (_: string, handler: Handler) => void (negotiate = handler), unhandle: async () => {} } },
      connectionManager: { value: { getConnections: (peer: Connection['remotePeer']) => this.#signalling(peer) } },
    }) as object
    const transport = (webRTC(init) as unknown as WebRtc)(components as never)
    await transport.start()
    return { transport, negotiate: async (stream, connection) => void (await negotiate?.(stream, connection)) }
  }

  #signalling(peer: Connection['remotePeer']): Connection[] {
    const device = peerIdToDevice(peer)
    const connection = device === undefined ? undefined : this.#parts.signalOver(device)
    return connection === undefined ? [] : [connection]
  }
}

/** Both only where they are needed, and only where they are installed. */
async function loadWebRtc(): Promise<typeof import('@libp2p/webrtc')> {
  const { mendInitChannels } = await import('./init-channel.ts')
  mendInitChannels()
  return await import('@libp2p/webrtc')
}

interface Loaded {
  readonly transport: Transport & Startable
  readonly negotiate: (stream: Stream, connection: Connection) => Promise<void>
}
