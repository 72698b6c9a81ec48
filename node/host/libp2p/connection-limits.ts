import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface'

/** Streams of all protocols on one connection, and frame streams of one protocol on it. */
export const streamsPerConnection = 320
export const streamsPerProtocol = 256
/** A stream's receive window grows up to this: what a peer can make us buffer per stream. */
export const windowBytes = 1024 * 1024

/** What one peer or address may cost us (rule T8). */
export interface ConnectionLimits {
  readonly connections: number
  /** Of one IP address, before we know who it is and after. Many peers share one behind NAT and on one machine. */
  readonly connectionsPerAddress: number
  readonly connectionsPerPeer: number
}
export const defaultConnectionLimits: ConnectionLimits = { connections: 2048, connectionsPerAddress: 256, connectionsPerPeer: 8 }

/** Counts inbound connections from the socket on and refuses those over a limit. */
export function limitConnections(limits: ConnectionLimits, openTo: (peer: PeerId) => number): ConnectionGater {
  const perAddress = new Map<string, number>()
  let all = 0
  return {
    denyInboundConnection: (maConn) => {
      const address = addressOf(maConn)
      const open = perAddress.get(address) ?? 0
      if (all >= limits.connections || open >= limits.connectionsPerAddress) return true
      all++
      perAddress.set(address, open + 1)
      maConn.addEventListener('close', () => {
        all--
        const left = (perAddress.get(address) ?? 1) - 1
        if (left === 0) perAddress.delete(address)
        else perAddress.set(address, left)
      }, { once: true })
      return false
    },
    denyInboundEncryptedConnection: (peer) => openTo(peer) >= limits.connectionsPerPeer,
  }
}

/** The IP address that a connection comes from; all that come through one relay share the relay's id. */
function addressOf({ remoteAddr }: MultiaddrConnection): string {
  const parts = remoteAddr.getComponents()
  const relay = parts.findIndex(({ name }) => name === 'p2p-circuit')
  if (relay > 0) return `relay ${parts.slice(0, relay).findLast(({ name }) => name === 'p2p')?.value ?? ''}`
  return parts.find(({ name }) => name === 'ip4' || name === 'ip6')?.value ?? 'unknown'
}
