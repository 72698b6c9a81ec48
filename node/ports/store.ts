/**
 * The durable side of one mesh on one device. Reads and commits are synchronous: SQLite is on every platform we run
 * on (in a worker in browsers). Each implementation passes test/contract/store.
 */
import type { NoteWords, TableName } from '../../crdt/docs/tables.ts'
import type { Phrase } from '../../crdt/docs/search-words.ts'
import type { DeviceId, EntryId, LogId } from '../../crdt/wire/ids.ts'

export interface StoredLog {
  readonly log: LogId
  readonly type: 'content' | 'membership'
  readonly device: DeviceId
  readonly seq: number
  readonly id: EntryId
}

/** An entry as it lies in the store. */
export interface StoredEntry {
  readonly bytes: Uint8Array
  readonly seq: number
  /** Its own signature was checked here, so a range sent on may end with it. */
  readonly vouched: boolean
}

export interface NewEntry {
  readonly id: EntryId
  readonly log: LogId
  readonly type: 'content' | 'membership'
  readonly device: DeviceId
  readonly seq: number
  readonly bytes: Uint8Array
  readonly vouched: boolean
}

/** One atomic step: everything in it is durable when `commit` returns, or nothing is. */
export interface Batch {
  readonly entries: readonly NewEntry[]
  /** The values are the store's from then on: nobody may change them. */
  readonly puts: readonly { readonly table: TableName; readonly key: string; readonly value: Uint8Array | undefined }[]
  readonly notes: readonly { readonly note: string; readonly words: NoteWords | undefined }[]
  /** The second branch of a log whose device signed two entries with one seq (rule T7). */
  readonly evidence: readonly { readonly log: LogId; readonly seq: number; readonly run: readonly Uint8Array[] }[]
}

export interface ScanOptions {
  readonly prefix?: string
  /** Only keys after this one (before it, when reversed). */
  readonly after?: string
  readonly limit: number
  readonly reverse?: boolean
}

export type StoreProblem = 'full' | 'readonly' | 'io' | 'corrupt'

/** A commit or read that the disk refused. After a failed commit the store has closed itself: `reopen` before use (rule D2). */
export class StoreError extends Error {
  readonly problem: StoreProblem
  constructor(problem: StoreProblem, why: string, options?: ErrorOptions) {
    super(`${problem}: ${why}`, options)
    this.name = 'StoreError'
    this.problem = problem
  }
}

/** What happened to a damaged file: it was set aside, and what could be read of it is in a fresh one. */
export interface StoreDamage {
  /** Where it is kept now. */
  readonly movedTo: string
  readonly why: string
  /** How many entries could be saved. */
  readonly entries: number
}

export interface MeshStore {
  /** A read met damage, which the next `reopen` sets aside. */
  readonly isDamaged?: boolean
  /** The last damage that was found since this store was made; not every store can tell. */
  readonly damage?: StoreDamage | undefined
  logs(): readonly StoredLog[]
  has(id: EntryId): boolean
  byId(id: EntryId): (StoredEntry & { readonly log: LogId }) | undefined
  /** The id of the entry at a place in a log. */
  idAt(log: LogId, seq: number): EntryId | undefined
  /** Entries of a log after a seq, in order, until their bytes exceed the bound (at least one, where there is one). */
  read(log: LogId, after: number, maxBytes: number): readonly StoredEntry[]
  /** All entries of one type in the order they came, a page at a time; `position` continues after the last. */
  replay(type: 'content' | 'membership', after: number, limit: number): readonly { readonly position: number; readonly log: LogId; readonly bytes: Uint8Array }[]
  evidence(): readonly { readonly log: LogId; readonly seq: number; readonly run: readonly Uint8Array[] }[]

  get(table: TableName, key: string): Uint8Array | undefined
  scan(table: TableName, options: ScanOptions): readonly (readonly [key: string, value: Uint8Array])[]
  count(table: TableName): number
  /** Notes that match every phrase and carry every tag; best first, score higher is better. */
  search(phrases: readonly Phrase[], tags: readonly string[], limit: number): readonly { readonly note: string; readonly score: number }[]

  /** Throws StoreError; then nothing of the batch is durable as far as this process can know. */
  commit(batch: Batch): void
  /** Empties the projections, to be refolded (rule D3). */
  clearProjections(): void
  /** Re-reads everything from disk after a failed commit. Throws StoreError while the disk still refuses. */
  reopen(): void
  close(): void
  /** Bytes on disk. */
  bytes(): number
}
