/** The other end of a connection to an editor. */
export interface EditorSocket {
  send(message: Uint8Array): void
  /** `stale`: join again; `malformed`: what it sent is no message; `refused`: it may not write. */
  close(why: 'stale' | 'malformed' | 'refused'): void
}

/** An editor that joined: hand its messages over, and dispose it when it has gone. */
export interface Editor extends Disposable {
  receive(message: Uint8Array): void
}
