/** What sync needs around it: a replica, and the sessions of one mesh that keep out of each other's way. */
import type { DeviceId, EntryId, LogId } from '../wire/ids.ts'

/** Admitted now; known to the history but not admitted now; or a stranger. */
export type Standing = 'admitted' | 'former' | 'stranger'

/** A session as others of its mesh see it. */
export interface SessionHandle {
  readonly remote: DeviceId
  readonly isClosed: boolean
}

/** A log as the replica holds it. */
export interface HeldLog {
  readonly log: LogId
  readonly type: 'content' | 'membership'
  readonly device: DeviceId
  readonly seq: number
  readonly id: EntryId
  readonly forked: boolean
  readonly refused: string | undefined
}

/** What became of a run that a peer sent. */
export interface Received {
  readonly log: LogId | undefined
  /** Where the run ended: so much of the log the peer holds. */
  readonly end: Pick<HeldLog, 'type' | 'device' | 'seq' | 'id'> | undefined
  readonly waiting: boolean
  /** What it waits for, where that is known. */
  readonly missing: readonly EntryId[]
  /** Another branch of a log was kept: what waits for it may go on. */
  readonly fork: boolean
  readonly problem: string | undefined
}

/** What sync needs of a replica. */
export interface SyncReplica {
  logs(): Iterable<HeldLog>
  log(log: LogId): HeldLog | undefined
  readRun(log: LogId, after: number, maxBytes: number): readonly Uint8Array[]
  /** A run that holds an entry, wherever it stands; empty when it is not here. */
  readAround(id: EntryId, maxBytes: number): readonly Uint8Array[]
  /** Whether an entry is here, in its log or in a branch of it. */
  holds(id: EntryId): boolean
  receive(run: readonly Uint8Array[]): Promise<Received>
  /** A peer holds more of this log, which may be our own. */
  heldLonger(log: LogId, device: DeviceId): void
  standing(device: DeviceId): Standing
}

/** What sync needs of the platform, and how sessions of one mesh keep out of each other's way. */
export interface SyncHost {
  after(ms: number, call: () => void): Disposable
  elapsed(): number
  /** A number from 0 up to 1, to spread announcements. */
  jitter(): number
  /** How many sessions this mesh has: announcements grow rarer with it. */
  sessions(): number
  /** Claims a log for one session to pull. False: another is at it. */
  claim(log: LogId, by: SessionHandle): boolean
  release(log: LogId, by: SessionHandle): void
  /** Whether a device's own pushes reach us directly. */
  isDirect(device: DeviceId): boolean
  /** Whether an author's own pushes reach another device directly, as far as is known here. */
  hears(remote: DeviceId, author: DeviceId): boolean
  onWhisper(bytes: Uint8Array, from: SessionHandle): void
  /** Frames went out, or came in. */
  onBytes(sent: number, received: number): void
  /** The peer sent what only a faulty or hostile one sends; the session is closed already. */
  onFault(why: string): void
  /** Heads of the peer or ours have moved. */
  onProgress(session: SessionHandle): void
}

export interface SyncStream {
  send(frame: Uint8Array): void
  close(why: string): void
}
