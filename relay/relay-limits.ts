/**
 * What one relay gives to all, to one address and to one peer (rule T8). libp2p's own defaults (15 reservations,
 * 128 KiB and two minutes per circuit, five connections a second) are lifted and these stand in their place.
 *
 * An address is an IPv4 address or an IPv6 /64. Loopback is exempt from the limits per address, because behind
 * a reverse proxy on the same machine every peer comes from there.
 */
export interface RelayLimits {
  // Sockets, counted from the accept (doorway.ts).
  readonly connections: number
  readonly connectionsPerAddress: number
  /** New connections of one address: so many a second, after a burst of `connectionsPerAddress`. */
  readonly connectionsPerAddressPerSecond: number
  /** A socket that is no authenticated connection by then is cut. */
  readonly upgradeMs: number
  /** The oldest connection of a peer makes room for its newest, so a device that woke elsewhere is never locked out. */
  readonly connectionsPerPeer: number
  readonly exemptLoopback: boolean

  // Reservations: a peer holds at most one (reservations.ts).
  readonly reservations: number
  readonly reservationsPerAddress: number
  readonly reservationMs: number

  // Circuits (circuit-table.ts).
  readonly circuits: number
  /** Opened by one peer. */
  readonly circuitsPerPeer: number
  /** Opened to one peer, by all others together. */
  readonly circuitsToPeer: number
  /** From one peer to one other, so that nobody alone fills what is opened to a peer. */
  readonly circuitsPerPair: number

  // What a peer asks for and sends (hop.ts).
  readonly requestsPerPeerPerSecond: number
  readonly requestsPerPeerBurst: number
  /** Over it a peer is slowed down, never cut. */
  readonly bytesPerPeerPerSecond: number
  readonly bytesPerPeerBurst: number
  /** Buffered for a circuit and direction, before its sender is told to wait; also libp2p's largest stream window, which is never less than 256 KiB. */
  readonly windowBytes: number
  /** A receiver that takes nothing for so long loses the circuit. */
  readonly stallMs: number
  /** For a whole request, and for the destination to answer on one of its connections. */
  readonly hopMs: number
  readonly stopMs: number

  // Rendezvous (rendezvous.ts); sizes are in crdt/wire/limits.ts.
  readonly standsPerPeerPerSecond: number
  readonly standsPerPeerBurst: number
  /** A watcher that takes no bytes for so long is cut. */
  readonly answerMs: number
  /** Changes of a code within this time are told at once. */
  readonly coalesceMs: number

  // STUN (stun.ts): answers to one address.
  readonly stunPerAddressPerSecond: number
  readonly stunPerAddressBurst: number

  // HTTP (http.ts).
  readonly httpConnections: number
}

export const defaultLimits: RelayLimits = {
  connections: 4096,
  connectionsPerAddress: 512,
  connectionsPerAddressPerSecond: 64,
  upgradeMs: 15_000,
  connectionsPerPeer: 8,
  exemptLoopback: true,

  reservations: 4096,
  reservationsPerAddress: 512,
  reservationMs: 2 * 60 * 60 * 1000,

  circuits: 2048,
  circuitsPerPeer: 256,
  circuitsToPeer: 256,
  circuitsPerPair: 8,

  requestsPerPeerPerSecond: 32,
  requestsPerPeerBurst: 512,
  bytesPerPeerPerSecond: 32 * 1024 * 1024,
  bytesPerPeerBurst: 64 * 1024 * 1024,
  windowBytes: 256 * 1024,
  stallMs: 60_000,
  hopMs: 15_000,
  stopMs: 5_000,

  standsPerPeerPerSecond: 5,
  standsPerPeerBurst: 50,
  answerMs: 10_000,
  coalesceMs: 50,

  stunPerAddressPerSecond: 32,
  stunPerAddressBurst: 256,

  httpConnections: 256,
}
