/** How peers reach each other, without saying over what. Implemented by libp2p and by the simulator's network. */
import type { DeviceId } from '../../crdt/wire/ids.ts'
import type { NatKind, Path, PathAttempt, RelayState } from './services.ts'

/** A two-way stream of frames, each at most limits.frameBytes. Both callbacks are set in the turn the stream is handed over. */
export interface FrameStream {
  readonly remote: DeviceId
  readonly path: Path
  /**
   * Queues a frame. How much is under way is bounded by the credit windows of those who use it; a stream whose
   * transport has taken nothing for 15 s, or that holds more than 4 MiB unsent, is closed.
   */
  send(frame: Uint8Array): void
  /** Resolves when half of what may wait unsent has room again, or the stream is closed: for whoever sends much without credit. */
  room(): Promise<void>
  onFrame(call: (frame: Uint8Array) => void): void
  /** Called once, whoever ends it and however; also when it was closed before this was set. */
  onClose(call: (why: string) => void): void
  close(why: string): void
  /** From now on a longer frame from the other side ends the stream: for whoever has not shown yet who it is. At first limits.frameBytes. */
  limitFrames(bytes: number): void
}

/** What a machine has on the network, and how the world sees it. */
export interface NetworkFacts {
  readonly families: readonly {
    readonly family: 4 | 6
    /** Of this machine, without loopback and link-local ones. */
    readonly addresses: readonly string[]
    readonly nat: NatKind
    /** `ADDRESS:PORT` as a relay saw a UDP socket of ours; null: none saw one. */
    readonly seen: string | null
  }[]
  /** For each relay in use that answers STUN by its own account, whether it did. */
  readonly stun: readonly boolean[]
}

/** Those who share a mesh with us; asked each time. */
export interface Acquaintance {
  has(remote: DeviceId): boolean
  all(): Iterable<DeviceId>
}

export interface PeerPath {
  readonly path: Path
  readonly address: string | null
  readonly rtt_ms: number | null
}

export interface Network extends AsyncDisposable {
  readonly device: DeviceId
  /** Where others can dial this node now, relayed addresses included. Empty while switched off. */
  addresses(): readonly string[]
  /** Remembers where a peer may be dialled, best guesses last learned first; bounded for each peer. */
  learn(remote: DeviceId, addresses: readonly string[]): void
  /** Opens a stream to a peer over the best connection, dialling what is known and the relays when none is open. Throws AtollError. */
  open(remote: DeviceId, protocol: string, signal: AbortSignal): Promise<FrameStream>
  handle(protocol: string, handler: (stream: FrameStream) => void): void
  /** Called with true when the first connection to a peer is up, with false when the last is gone. */
  onPeer(call: (remote: DeviceId, up: boolean) => void): void
  /** Called when a better way to a connected peer has opened: streams should move; the worse one closes when idle. */
  onBetterPath(call: (remote: DeviceId) => void): void
  path(remote: DeviceId): PeerPath
  /** What was tried towards a peer and how it went, newest first. */
  attempts(remote: DeviceId): readonly PathAttempt[]
  connected(): readonly DeviceId[]
  /** Bytes that went to a peer and came from it over all its connections, since the network was switched on. */
  traffic(remote: DeviceId): { readonly sent: number; readonly received: number }
  /** Round trip in milliseconds, or null when it did not answer in time. */
  ping(remote: DeviceId, signal: AbortSignal): Promise<number | null>
  /** Says from whom no connection is taken; asked each time. As far as the way allows it is to them as if nobody were there. */
  bar(isBarred: (remote: DeviceId) => boolean): void
  /** Closes connections to a peer; it may dial again. */
  drop(remote: DeviceId, why: string): void

  /** Says who shares a mesh with us. Only such are looked for on the local network, and only with such is a direct way negotiated, which tells them this machine's addresses. */
  acquaint(acquaintance: Acquaintance): void
  /** Called when one of them was found on the local network. */
  onNearby(call: (remote: DeviceId) => void): void
  /** Asks on the local network who is there, acquainted or not, and says who answered within a second or so. */
  nearby(signal: AbortSignal): Promise<readonly DeviceId[]>

  /** Finds out how the world sees this machine: asks the relays in use over UDP, and nobody else. Takes up to 3 s. */
  check(signal: AbortSignal): Promise<NetworkFacts>
  /** What stands between this machine and the world, as it was found when a relay was last reached. */
  nat(): NatKind

  /** The relays to keep a reservation at; reconnected with back-off for ever. */
  useRelays(addresses: readonly string[]): void
  relays(): readonly RelayState[]
  /** Stands behind these rendezvous codes at every relay and watches for others behind them. Replaces the former ones. */
  standBehind(codes: readonly Uint8Array[]): void
  /** Asks all relays once who stands behind a code. */
  lookUp(code: Uint8Array, relays: readonly string[], signal: AbortSignal): Promise<readonly DeviceId[]>
  /** Called with whoever stands behind a code, whenever that changes. */
  onFound(call: (code: string, peers: readonly DeviceId[]) => void): void

  /** Off: every connection closes, nothing is dialled or accepted. On: listens and reconnects at once. */
  setOnline(online: boolean): Promise<void>
}
