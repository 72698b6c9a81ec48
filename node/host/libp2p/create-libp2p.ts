import { noise } from '@chainsafe/libp2p-noise'
import { noiseCrypto } from './noise-crypto.ts'
import { identify } from '@libp2p/identify'
import type { Connection, ConnectionGater, Libp2p, PrivateKey } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { silentLogger } from './silent-logger.ts'
import { streamsPerConnection, windowBytes } from './connection-limits.ts'

/** Connects to one address exactly. @param answered called when something is there, before it is known what */
export type Dial = (address: Multiaddr, signal: AbortSignal, answered?: () => void) => Promise<Connection>

/** What we use of libp2p's inside: dialling one address exactly, and what the listeners are bound to. */
export interface Inside {
  readonly dial: Dial
  /** One entry per listener, in the order of `listen`: TCP first, then WebSocket; wildcards spelt out. */
  listeners(): readonly (readonly Multiaddr[])[]
}
/** The transport has a connection, which is to be encrypted now. */
const connectedEvent = 'upgrader:encrypt-outbound-connection'

export type Libp2pNode = Libp2p<{ inside: Inside }>

export interface CreateOptions {
  readonly key: PrivateKey
  readonly listen: readonly string[]
  readonly gater: ConnectionGater
  /** Transports beside TCP and WebSocket. */
  readonly transports: NonNullable<Libp2pOptions['transports']>
  /** What identify tells others; asked each time. */
  readonly announced: () => Multiaddr[]
}

interface TransportManager {
  dial(address: Multiaddr, options: { readonly signal: AbortSignal; readonly onProgress: (event: { readonly type: string }) => void }): Promise<Connection>
  getListeners(): { getAddrs(): Multiaddr[] }[]
}

/**
 * libp2p, not yet started, with everything of its own that decides or limits lifted in favour of ours: which
 * address is dialled when (dial-ladder.ts), how many may connect (connection-limits.ts), who is alive
 * (heartbeat.ts), where a reservation is held (relay-client.ts).
 */
export function createNode({ key, listen, gater, transports, announced }: CreateOptions): Promise<Libp2pNode> {
  const unlimited = Number.MAX_SAFE_INTEGER
  return createLibp2p({
    start: false,
    privateKey: key,
    logger: silentLogger,
    // A stranger learns no more than that this is Atoll.
    nodeInfo: { name: 'atoll', version: '1', userAgent: 'atoll' },
    addresses: { listen: [...listen], announceFilter: announced },
    transports: [tcp(), webSockets({ maxBufferedAmount: windowBytes }), ...transports],
    connectionEncrypters: [noise({ crypto: noiseCrypto })],
    streamMuxers: [
      yamux({
        enableKeepAlive: false,
        maxInboundStreams: streamsPerConnection,
        maxOutboundStreams: streamsPerConnection,
        // Streams that come while the other side is still setting the connection up: with ten it would be cut.
        maxEarlyStreams: streamsPerConnection,
        streamOptions: { maxStreamWindowSize: windowBytes },
      }),
    ],
    connectionGater: gater,
    connectionManager: { maxConnections: unlimited, inboundConnectionThreshold: unlimited, maxIncomingPendingConnections: unlimited },
    connectionMonitor: { enabled: false },
    services: {
      identify: identify({ maxInboundStreams: 4, maxOutboundStreams: 4 }),
      // Not the manager itself: libp2p starts what a service is, and would listen twice.
      inside: ({ transportManager }: { readonly transportManager: TransportManager }): Inside => ({
        dial: (address, signal, answered) => transportManager.dial(address, { signal, onProgress: ({ type }) => type === connectedEvent && answered?.() }),
        listeners: () => transportManager.getListeners().map((listener) => listener.getAddrs()),
      }),
    },
  })
}
