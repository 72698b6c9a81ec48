/** What a peer is made of. */
import type { DeviceId } from '../../crdt/wire/ids.ts'
import type { Verify } from '../../crdt/crypto/sign.ts'
import type { BlobCrypto } from '../../crdt/crypto/blob-crypto.ts'
import type { BlobStore } from '../ports/blobs.ts'
import type { LocalFiles } from '../ports/files.ts'
import type { ConfigPort } from '../ports/config.ts'
import type { Network } from '../ports/network.ts'
import type { Profile } from '../ports/platform.ts'
import type { Log } from '../ports/log.ts'
import type { Runtime } from '../ports/runtime.ts'

export interface ProcessUsage {
  readonly uptimeSeconds: number
  readonly residentBytes: number
  readonly cpuSeconds: number
  /** Time in which the event loop had something to do. */
  readonly busySeconds: number
}

export interface PeerNeeds {
  readonly profile: Profile
  readonly config: ConfigPort
  readonly network: Network
  readonly runtime: Runtime
  readonly log: Log
  readonly version: string
  /** Facts of the process for `status`, and what it takes; no usage where nobody can tell. */
  readonly process: { readonly pid: number; readonly home: string; readonly socket: string; readonly usage?: () => ProcessUsage }
  /** Where the host serves metrics, and why not where it was to. */
  readonly metricsServed?: () => { readonly url: string | null; readonly problem: string | null }
  /** The names of all operations, to be counted from the start; others are when they are first called. */
  readonly operations?: readonly string[]
  readonly onStop: () => void
  /** Of a node that runs by a token: what it is called, and what may be asked of it. */
  readonly token?: { readonly name: string; readonly scopes: readonly string[] }
  /** Where editors on this machine join live documents; listens from then on. Missing where there is no such place. */
  readonly openDocuments?: () => Promise<{ readonly url: string; readonly protocols: readonly string[] }>
  /** Where chunks of files lie. Missing: in memory. */
  readonly blobs?: BlobStore
  /** A quicker cipher for them than the one that runs everywhere. */
  readonly blobCrypto?: BlobCrypto
  /** This machine's own files. Missing where there are none. */
  readonly files?: LocalFiles
  /** The device that an address of this network names, or undefined when it names none. */
  readonly deviceOf: (address: string) => DeviceId | undefined
  /** How signatures are checked; a simulator shares the verdicts of all its peers. Otherwise each is computed. */
  readonly verify?: Verify
}
