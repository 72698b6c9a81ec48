/**
 * The store of one mesh in one SQLite file (rules D1, D2): a write-ahead log synced at every commit, one commit one
 * transaction. After a commit that failed it closes itself, since what reached the disk is known only by reading it.
 */
import { statSync } from 'node:fs'
import { checkKey } from '../peer/memory-store-keys.ts'
import { StoreError, type Batch, type MeshStore, type StoreProblem } from '../ports/store.ts'
import type { Damage } from './quarantine.ts'
import { openNodeSqlite, type OpenDatabase } from './sqlite-database.ts'
import { asStoreError, onDisk, problemOf } from './sqlite-errors.ts'
import { closeAfter, openFile, rewriteLog, type Check, type OpenFile, type Opened } from './sqlite-open.ts'

export interface SqliteStoreOptions {
  /** The file; its folder exists. */
  readonly path: string
  /** Looks for damage before anything else: at `kept` (what no refold brings back) after an unclean end, unless asked for `all`. */
  readonly check?: 'all'
  /** Nothing is written on opening it, and every commit is refused. The file exists. */
  readonly readOnly?: boolean
  /** Tests make statements fail by plan here. */
  readonly open?: OpenDatabase
  /** How many puts and ids may wait in memory until they are moved to their tables together. */
  readonly mostRecent?: number
}

export interface SqliteStore extends MeshStore {
  /** What was damaged and set aside last, whenever the file was opened. */
  readonly damage: Damage | undefined
}

/** Opens a mesh's file, creating it where there is none. Throws StoreError, or AtollError profile_newer. */
export function openSqliteStore(options: SqliteStoreOptions): SqliteStore {
  return new Sqlite(options)
}

interface Closed {
  readonly problem: StoreProblem
  readonly why: string
}

class Sqlite implements SqliteStore {
  readonly #options: OpenFile
  #state: { readonly opened: Opened } | { readonly closed: Closed }
  /** What the next opening looks for. */
  #check: Check
  #damage: Damage | undefined

  constructor({ path, check, readOnly = false, open = openNodeSqlite, mostRecent = 16 * 1024 }: SqliteStoreOptions) {
    this.#options = { path, readOnly, open, mostRecent, fresh: (other) => openSqliteStore({ path: other, open, mostRecent }) }
    this.#check = check ?? 'kept-if-unclean'
    this.#state = this.#open()
  }

  get damage(): Damage | undefined {
    return this.#damage
  }

  get isDamaged(): boolean {
    return this.#check === 'all'
  }

  logs: MeshStore['logs'] = () => this.#read(({ entries }) => entries.logs())
  has: MeshStore['has'] = (id) => this.#read(({ entries }) => entries.has(id))
  byId: MeshStore['byId'] = (id) => this.#read(({ entries }) => entries.byId(id))
  idAt: MeshStore['idAt'] = (log, seq) => this.#read(({ entries }) => entries.idAt(log, seq))
  read: MeshStore['read'] = (log, after, maxBytes) => this.#read(({ entries }) => entries.read(log, after, maxBytes))
  replay: MeshStore['replay'] = (type, after, limit) => this.#read(({ entries }) => entries.replay(type, after, limit))
  evidence: MeshStore['evidence'] = () => this.#read(({ evidence }) => evidence.evidence())
  get: MeshStore['get'] = (table, key) => this.#read(({ tables }) => tables.get(table, key))
  scan: MeshStore['scan'] = (table, options) => this.#read(({ tables }) => tables.scan(table, options))
  count: MeshStore['count'] = (table) => this.#read(({ tables }) => tables.count(table))
  search: MeshStore['search'] = (phrases, tags, limit) => this.#read(({ notes }) => notes.search(phrases, tags, limit))

  commit(batch: Batch): void {
    // What is wrong with the batch itself is found before anything is written.
    const fresh = this.#read(({ entries }) => entries.fresh(batch.entries))
    for (const { key } of batch.puts) checkKey(key)
    for (const { note } of batch.notes) checkKey(note)
    this.#transaction(({ entries, tables, notes, evidence }) => {
      entries.add(fresh)
      tables.put(batch.puts)
      notes.put(batch.notes)
      evidence.add(batch.evidence)
    })
  }

  clearProjections(): void {
    this.#transaction(({ tables, notes }) => {
      tables.clearProjections()
      notes.clear()
    })
  }

  reopen(): void {
    this.close()
    if (!this.#options.readOnly) onDisk(() => rewriteLog(this.#options.path))
    this.#state = this.#open()
  }

  close(): void {
    if ('closed' in this.#state) return
    const { database } = this.#state.opened
    this.#state = { closed: { problem: 'io', why: 'the store is closed' } }
    onDisk(() => database.close())
  }

  bytes(): number {
    const { path } = this.#options
    return onDisk(() => [path, `${path}-wal`].reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0))
  }

  #open(): { readonly opened: Opened } {
    const { opened, damage } = onDisk(() => openFile(this.#options, this.#check))
    this.#check = 'kept-if-unclean'
    this.#damage = damage ?? this.#damage
    return { opened }
  }

  #opened(): Opened {
    if ('closed' in this.#state) throw new StoreError(this.#state.closed.problem, this.#state.closed.why)
    return this.#state.opened
  }

  #read<T>(step: (opened: Opened) => T): T {
    const opened = this.#opened()
    try {
      return step(opened)
    } catch (error) {
      throw this.#refusal(error)
    }
  }

  #transaction(step: (opened: Opened) => void): void {
    const opened = this.#opened()
    try {
      opened.database.exec('BEGIN IMMEDIATE')
      step(opened)
      opened.database.exec('COMMIT')
    } catch (error) {
      const refusal = this.#refusal(error)
      // A disk that was full or read-only has damaged nothing.
      const { problem } = refusal instanceof StoreError ? refusal : { problem: undefined }
      if (this.#check !== 'all' && (problem === 'full' || problem === 'readonly')) this.#check = 'none'
      this.#state = { closed: { problem: problem ?? 'io', why: `closed after a commit that failed: ${String(error)}` } }
      closeAfter(opened.database, error)
      throw refusal
    }
    opened.entries.done()
    opened.tables.done()
  }

  #refusal(error: unknown): unknown {
    if (problemOf(error) === 'corrupt') this.#check = 'all'
    return asStoreError(error)
  }
}
