import type { ConnectionGater, PeerId } from '@libp2p/interface'
import { relayOf } from './connection-path.ts'

/** Streams of all protocols on one connection, and frame streams of one protocol on it. */
export const streamsPerConnection = 320
export const streamsPerProtocol = 256
/** Frame streams with one peer over all its connections; each may hold one unfinished frame of ours. */
export const streamsPerPeer = 512
/** A stream's receive window grows up to this: what a peer can make us buffer per stream. */
export const windowBytes = 1024 * 1024

/** What one peer or address may cost us (rule T8). */
export interface ConnectionLimits {
  /** Sockets that others opened. */
  readonly connections: number
  /** Of these from one IP address, known peers or not: many share one behind NAT and on one machine. */
  readonly connectionsPerAddress: number
  /** Circuits that others opened, through one relay. */
  readonly circuitsPerRelay: number
  /** Open connections of one peer beyond which it gets no further one. */
  readonly connectionsPerPeer: number
}
export const defaultConnectionLimits: ConnectionLimits = { connections: 2048, connectionsPerAddress: 256, circuitsPerRelay: 256, connectionsPerPeer: 8 }

/** Refuses inbound connections over a limit. Sockets are counted before, in socket-guard.ts. */
export function limitConnections(limits: ConnectionLimits, openTo: (peer: PeerId) => number): ConnectionGater {
  const circuits = new Map<string, number>()
  return {
    denyInboundConnection: (raw) => {
      const relay = relayOf(raw.remoteAddr)
      if (relay === undefined) return false
      const open = circuits.get(relay) ?? 0
      if (open >= limits.circuitsPerRelay) return true
      circuits.set(relay, open + 1)
      const left = (): void => {
        const rest = (circuits.get(relay) ?? 1) - 1
        if (rest === 0) circuits.delete(relay)
        else circuits.set(relay, rest)
      }
      raw.addEventListener('close', left, { once: true })
      return false
    },
    denyInboundEncryptedConnection: (peer) => openTo(peer) >= limits.connectionsPerPeer,
  }
}
