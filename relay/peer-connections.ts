import type { Connection, PeerId } from '@libp2p/interface'

/** A peer id as the key of a table. */
export function peerKey(peer: PeerId): string {
  return bytesKey(peer.toMultihash().bytes)
}

/** The same key from a peer id in bytes. */
export function bytesKey(peer: Uint8Array): string {
  return Buffer.from(peer).toString('base64')
}

/** Which connections each peer has open. */
export class PeerConnections {
  readonly #byPeer = new Map<string, Connection[]>()
  #count = 0

  /** Connections, not peers. */
  get size(): number {
    return this.#count
  }

  add(connection: Connection): void {
    const key = peerKey(connection.remotePeer)
    this.#byPeer.set(key, [...(this.#byPeer.get(key) ?? []), connection])
    this.#count++
  }

  /** @returns whether this was the peer's last connection */
  remove(connection: Connection): boolean {
    const key = peerKey(connection.remotePeer)
    const former = this.#byPeer.get(key) ?? []
    const left = former.filter((other) => other !== connection)
    this.#count -= former.length - left.length
    if (left.length > 0) this.#byPeer.set(key, left)
    else this.#byPeer.delete(key)
    return former.length > 0 && left.length === 0
  }

  /**
   * Those of one peer that are open, newest first. A laptop that woke elsewhere has an old connection that is
   * dead without knowing it; the newest is the one that works.
   */
  of(peer: string): readonly Connection[] {
    return (this.#byPeer.get(peer) ?? []).filter(({ status }) => status === 'open').toReversed()
  }
}
