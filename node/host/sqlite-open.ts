/** Opens a mesh's file: settings, schema, the look for damage, and the parts of the store over it. */
import { closeSync, existsSync, fsyncSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { localTables } from '../../crdt/docs/tables.ts'
import { StoreError, type MeshStore } from '../ports/store.ts'
import { checkDatabase, finishQuarantine, quarantine, type Damage } from './quarantine.ts'
import type { Database, OpenDatabase } from './sqlite-database.ts'
import { sqliteEntries, type SqliteEntries } from './sqlite-entries.ts'
import { problemOf } from './sqlite-errors.ts'
import { sqliteEvidence, type SqliteEvidence } from './sqlite-evidence.ts'
import { sqliteNotes, type SqliteNotes } from './sqlite-notes.ts'
import { isCurrent, migrate, sqlTable } from './sqlite-schema.ts'
import { sqliteTables, type SqliteTables } from './sqlite-tables.ts'

/** An open file. */
export interface Opened {
  readonly database: Database
  readonly entries: SqliteEntries
  readonly tables: SqliteTables
  readonly notes: SqliteNotes
  readonly evidence: SqliteEvidence
}

export interface OpenFile {
  readonly path: string
  readonly readOnly: boolean
  readonly open: OpenDatabase
  readonly mostRecent: number
  /** An empty store at a path, to salvage into. */
  readonly fresh: (path: string) => MeshStore
}

/** `all` reads the whole file; `kept-if-unclean` looks at what no refold brings back, and only after an unclean end. */
export type Check = 'all' | 'kept-if-unclean' | 'none'

/**
 * Opens the file; a damaged one is set aside and what can be read of it opened instead. Where nothing can be written,
 * an existing file is opened to be read (rule D2: reads go on), and the first commit will fail.
 */
export function openFile(file: OpenFile, check: Check): { readonly opened: Opened; readonly damage: Damage | undefined } {
  if (file.readOnly) return { opened: openToRead(file, new StoreError('readonly', 'its tables are an older version’s, and cannot be changed')), damage: undefined }
  try {
    finishQuarantine(file.path)
    return { opened: openParts(file, check), damage: undefined }
  } catch (error) {
    const problem = problemOf(error)
    if ((problem === 'readonly' || problem === 'full') && existsSync(file.path)) return { opened: openToRead(file, error), damage: undefined }
    if (problem !== 'corrupt') throw error
    const damage = quarantine(file.path, (error as Error).message, file.open, file.fresh)
    return { opened: openParts(file, 'kept-if-unclean'), damage }
  }
}

function openParts(file: OpenFile, check: Check): Opened {
  // A clean end leaves no write-ahead log behind.
  const unclean = (statSync(`${file.path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0
  return opening(file.open(file.path, 'write'), (database) => {
    database.exec(settings)
    if (!isCurrent(database)) migrate(database)
    if (check === 'all') checkDatabase(database, 'all', keptTables)
    else if (check === 'kept-if-unclean' && unclean) checkDatabase(database, 'kept', keptTables)
    return partsOf(database, file)
  })
}

function openToRead(file: OpenFile, refusal: unknown): Opened {
  return opening(file.open(file.path, 'read'), (database) => {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -8192')
    // An older file would have to be changed first.
    if (!isCurrent(database)) throw refusal
    return partsOf(database, file)
  })
}

function partsOf(database: Database, { mostRecent }: OpenFile): Opened {
  return {
    database,
    entries: sqliteEntries(database, mostRecent),
    tables: sqliteTables(database, mostRecent),
    notes: sqliteNotes(database),
    evidence: sqliteEvidence(database),
  }
}

function opening(database: Database, step: (database: Database) => Opened): Opened {
  try {
    return step(database)
  } catch (error) {
    closeAfter(database, error)
    throw error
  }
}

const keptTables = ['log', 'entry', 'evidence', 'recent', ...localTables.map(sqlTable)]

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

/** Closing rolls back. That closing fails too is one more word about the same failure. */
export function closeAfter(database: Database, failure: unknown): void {
  try {
    database.close()
  } catch (error) {
    if (failure instanceof Error && failure.cause === undefined) failure.cause = error
  }
}

/**
 * Writes the write-ahead log over itself and syncs it. After a sync that failed, Linux takes the pages for clean
 * although they never reached the disk, and a later sync would succeed without writing them. Where nothing can be
 * written there is nothing to mend.
 */
export function rewriteLog(path: string): void {
  let file: number
  try {
    file = openSync(`${path}-wal`, 'r+')
  } catch (error) {
    if (!existsSync(`${path}-wal`) || problemOf(error) === 'readonly') return
    throw error
  }
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
