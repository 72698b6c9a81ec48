import { noise } from '@chainsafe/libp2p-noise'
import { identify } from '@libp2p/identify'
import { isStartable, type ConnectionGater, type Libp2p, type PrivateKey } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { ListenerKind } from './doorway.ts'
import type { RelayLimits } from './relay-limits.ts'
import { silentLibp2p } from './silent-libp2p.ts'

interface Listening {
  /** What the listeners are bound to, `0.0.0.0` spelt out as the addresses of the interfaces. */
  getAddrs(): Multiaddr[]
}
export type RelayNode = Libp2p<{ listening: Listening }>

export interface RelayNodeOptions {
  readonly key: PrivateKey
  readonly listen: readonly string[]
  readonly limits: RelayLimits
  /** Asked each time: ports are known only once the listeners stand. */
  readonly addresses: () => readonly string[]
}

/**
 * libp2p reduced to listeners, not yet started: it never dials, asks no client who it is, and its own limits are
 * lifted in favour of ours. Without `announceFilter` it would announce nothing on a public address, since nobody
 * verifies one.
 */
export function createRelayNode({ key, listen, limits, addresses }: RelayNodeOptions): Promise<RelayNode> {
  const neverDial: ConnectionGater = { denyDialPeer: () => true, denyDialMultiaddr: () => true }
  const unlimited = Number.MAX_SAFE_INTEGER // doorway.ts counts connections
  return createLibp2p({
    start: false,
    privateKey: key,
    logger: silentLibp2p,
    addresses: { listen: [...listen], announceFilter: () => addresses().map((address) => multiaddr(address)) },
    transports: [tcp(), webSockets()],
    connectionEncrypters: [noise()],
    // What a paused sender may still send is one window, and it must fit the read buffer or the stream is reset.
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: limits.windowBytes, maxReadBufferLength: 2 * limits.windowBytes } })],
    connectionGater: neverDial,
    connectionManager: { maxConnections: unlimited, inboundConnectionThreshold: unlimited, maxIncomingPendingConnections: unlimited, inboundUpgradeTimeout: limits.upgradeMs },
    connectionMonitor: { pingTimeout: { minTimeout: 10_000 } },
    services: {
      identify: identify({ runOnConnectionOpen: false }),
      listening: ({ transportManager, addressManager }: { readonly transportManager: Listening; readonly addressManager: object }) => ({
        getAddrs: () => transportManager.getAddrs(),
        start: () => {},
        stop: () => {},
        afterStop: () => endDebounce(addressManager),
      }),
    },
  })
}

/** libp2p notes a second later that its addresses changed; when it has stopped, that keeps only the process waiting. */
async function endDebounce(addressManager: object): Promise<void> {
  const update: unknown = '_updatePeerStoreAddresses' in addressManager ? addressManager._updatePeerStoreAddresses : undefined
  if (isStartable(update)) await update.stop()
}

export interface Endpoint {
  readonly kind: ListenerKind
  readonly address: string
  readonly port: number
}

/** IP address, port and kind of a TCP or WebSocket multiaddr. */
export function endpointOf(address: Multiaddr): Endpoint {
  const parts = address.getComponents()
  const value = (...names: string[]): string => parts.find(({ name }) => names.includes(name))?.value ?? ''
  return { kind: parts.some(({ name }) => name === 'ws') ? 'ws' : 'tcp', address: value('ip4', 'ip6'), port: Number(value('tcp')) }
}

/** Why the listeners could not start, in words. */
export function listenFailure(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const [known] = /EADDRINUSE|EACCES|EADDRNOTAVAIL/.exec(text) ?? []
  if (known === 'EADDRINUSE') return 'another program listens there'
  if (known === 'EACCES') return 'this user may not use that port'
  if (known === 'EADDRNOTAVAIL') return 'this machine has no such address'
  return text
}
