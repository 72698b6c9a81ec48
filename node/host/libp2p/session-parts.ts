import type { PrivateKey } from '@libp2p/interface'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import type { Log } from '../../ports/log.ts'
import type { Acquaintance, FrameStream } from '../../ports/network.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { AddressBook } from './address-book.ts'
import type { Attempts } from './attempts.ts'

/** What a session gets from the network whose it is, which outlives it. */
export interface SessionParts {
  readonly device: DeviceId
  readonly key: PrivateKey
  readonly listen: readonly string[]
  readonly runtime: Runtime
  readonly log: Log
  readonly book: AddressBook
  readonly attempts: Attempts
  readonly handlers: ReadonlyMap<string, (stream: FrameStream) => void>
  readonly onPeer: (device: DeviceId, up: boolean) => void
  readonly onBetter: (device: DeviceId) => void
  readonly onFound: (code: string, peers: readonly DeviceId[]) => void
  /** The addresses of this machine on its networks. */
  readonly ownAddresses: () => readonly string[]
  /** Who shares a mesh with us. */
  readonly acquaintance: () => Acquaintance
  /** Whether no connection is taken from somebody. */
  readonly isBarred: (remote: DeviceId) => boolean
  /** One of them is on the local network. */
  readonly onNearby: (device: DeviceId) => void
  /** Whether WebRTC may be used. */
  readonly webRtc: () => boolean
  /** Whether to find and be found on the local network. */
  readonly lan: () => boolean
}
