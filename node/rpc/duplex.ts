/**
 * A two-way byte channel: a Unix socket, a WebSocket, a MessagePort, a libp2p stream, a pair in memory.
 * Chunks may be cut anywhere; order is kept.
 */
export interface Duplex {
  /** Ends when the other side has closed or the channel broke. Read by one consumer. */
  readonly incoming: AsyncIterable<Uint8Array>
  /** Resolves when the channel takes more; rejects when it is closed. */
  send(bytes: Uint8Array): Promise<void>
  /** Closes both ways; what was sent before still leaves. Harmless when repeated. */
  close(): Promise<void>
}
