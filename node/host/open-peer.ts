/** Opens a profile and runs a peer on it: the composition root of the Node side. */
import type { AccessToken } from '../../crdt/members/access-token.ts'
import type { PeerHost } from '../ports/services.ts'
import type { ConfigPort } from '../ports/config.ts'
import type { Log } from '../ports/log.ts'

export interface OpenPeerOptions {
  /** The profile directory; exists, has mode 0700, and its lock is held by this process. */
  readonly home: string
  readonly config: ConfigPort
  readonly log: Log
  readonly version: string
  /** The Unix socket surfaces attach to, for `status`; empty when the node runs inside a command. */
  readonly socket: string
  /** What the node shall run by, from the environment; nothing of it is written. */
  readonly token?: AccessToken | undefined
}

export interface OpenPeer extends AsyncDisposable {
  readonly host: PeerHost
  /** The device's id as text. */
  readonly device: string
  /** Addresses others can dial now, as multiaddrs. */
  addresses(): readonly string[]
  /** Resolves when something asked the node to stop (`atoll down`). */
  readonly stopRequested: Promise<void>
}

export type OpenPeerFunction = (options: OpenPeerOptions) => Promise<OpenPeer>
