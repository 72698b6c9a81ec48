/**
 * The store of one mesh in one SQLite file (rules D1, D2): a write-ahead log synced at every commit, one commit one
 * transaction. After a commit that failed it closes itself, since what reached the disk is known only by reading it.
 */
import { closeSync, existsSync, fsyncSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { checkKey } from '../peer/memory-store-keys.ts'
import type { Batch, MeshStore, StoreProblem } from '../ports/store.ts'
import { StoreError } from '../ports/store.ts'
import { openNodeSqlite, type Database, type OpenDatabase } from './sqlite-database.ts'
import { sqliteEntries, type SqliteEntries } from './sqlite-entries.ts'
import { sqliteEvidence, type SqliteEvidence } from './sqlite-evidence.ts'
import { asStoreError, onDisk, problemOf } from './sqlite-errors.ts'
import { sqliteNotes, type SqliteNotes } from './sqlite-notes.ts'
import { migrate } from './sqlite-schema.ts'
import { sqliteTables, type SqliteTables } from './sqlite-tables.ts'

export interface SqliteStoreOptions {
  /** The file; its folder exists. */
  readonly path: string
  /** Tests make statements fail by plan here. */
  readonly open?: OpenDatabase
  /** How many puts and ids may wait in memory until they are moved to their tables together. */
  readonly mostRecent?: number
}

interface Opened {
  readonly database: Database
  readonly entries: SqliteEntries
  readonly tables: SqliteTables
  readonly notes: SqliteNotes
  readonly evidence: SqliteEvidence
}

/** Opens a mesh's file, creating it where there is none. Throws StoreError, or AtollError profile_newer. */
export function openSqliteStore(options: SqliteStoreOptions): MeshStore {
  return new SqliteStore({ open: openNodeSqlite, mostRecent: 32 * 1024, ...options })
}

class SqliteStore implements MeshStore {
  readonly #options: Required<SqliteStoreOptions>
  /** What is open, or why nothing is. */
  #state: Opened | { readonly closed: StoreProblem; readonly why: string }

  constructor(options: Required<SqliteStoreOptions>) {
    this.#options = options
    this.#state = onDisk(() => openParts(options))
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
    this.#state = onDisk(() => {
      rewrite(`${this.#options.path}-wal`)
      return openParts(this.#options)
    })
  }

  close(): void {
    if ('closed' in this.#state) return
    const { database } = this.#state
    this.#state = { closed: 'io', why: 'the store is closed' }
    onDisk(() => database.close())
  }

  bytes(): number {
    return onDisk(() => [this.#options.path, `${this.#options.path}-wal`].reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0))
  }

  #opened(): Opened {
    if ('closed' in this.#state) throw new StoreError(this.#state.closed, this.#state.why)
    return this.#state
  }

  #read<T>(step: (opened: Opened) => T): T {
    const opened = this.#opened()
    return onDisk(() => step(opened))
  }

  #transaction(step: (opened: Opened) => void): void {
    const opened = this.#opened()
    try {
      opened.database.exec('BEGIN IMMEDIATE')
      step(opened)
      opened.database.exec('COMMIT')
    } catch (error) {
      this.#state = { closed: problemOf(error) ?? 'io', why: `closed after a commit that failed: ${error instanceof Error ? error.message : String(error)}` }
      closeAfter(opened.database, error)
      throw asStoreError(error)
    }
    opened.entries.done()
    opened.tables.done()
  }
}

/** Closing rolls back. That it fails too is one more word about the same failure. */
function closeAfter(database: Database, failure: unknown): void {
  try {
    database.close()
  } catch (error) {
    if (failure instanceof Error && failure.cause === undefined) failure.cause = error
  }
}

function openParts({ path, open, mostRecent }: Required<SqliteStoreOptions>): Opened {
  const database = open(path, 'write')
  try {
    database.exec(settings)
    migrate(database)
    return { database, entries: sqliteEntries(database, mostRecent), tables: sqliteTables(database, mostRecent), notes: sqliteNotes(database), evidence: sqliteEvidence(database) }
  } catch (error) {
    closeAfter(database, error)
    throw error
  }
}

// EXCLUSIVE: one process per profile, so the index of the write-ahead log lives in memory, not in a file of its own
// that a full disk could refuse. fullfsync: on macOS only that reaches the platter.
const settings = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA fullfsync = ON;
  PRAGMA checkpoint_fullfsync = ON;
  PRAGMA cache_size = -8192;
  PRAGMA mmap_size = 0;
  PRAGMA temp_store = MEMORY;
  PRAGMA wal_autocheckpoint = 2000;
  PRAGMA journal_size_limit = 33554432;
  PRAGMA cell_size_check = ON;
  PRAGMA trusted_schema = OFF;`

/**
 * Writes a file's bytes over themselves and syncs them. After a sync that failed, Linux takes the pages for clean
 * although they never reached the disk, and a later sync would succeed without writing them.
 */
function rewrite(path: string): void {
  if (!existsSync(path)) return
  const file = openSync(path, 'r+')
  try {
    const chunk = new Uint8Array(1 << 20)
    for (let at = 0, read = readSync(file, chunk, 0, chunk.length, at); read > 0; at += read, read = readSync(file, chunk, 0, chunk.length, at)) {
      writeSync(file, chunk, 0, read, at)
    }
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
