/**
 * The little of a SQLite database that the store stands on. It is an interface so that tests can make any single
 * statement or commit fail by plan; the real one is node:sqlite.
 */
import { closeSync, openSync, statSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { pathToFileURL } from 'node:url'

export type SqlValue = string | number | Uint8Array | null
/** The columns of a row, in the order of the SELECT. */
export type SqlRow = readonly SqlValue[]

export interface Statement {
  run(...values: SqlValue[]): void
  get(...values: SqlValue[]): SqlRow | undefined
  all(...values: SqlValue[]): readonly SqlRow[]
  /** Rows one by one; ending the loop early is fine. */
  iterate(...values: SqlValue[]): Iterable<SqlRow>
}

export interface Database {
  exec(sql: string): void
  prepare(sql: string): Statement
  /** Ends every statement and an open transaction; never throws because of one. */
  close(): void
}

export type OpenDatabase = (path: string, mode: 'write' | 'read' | 'beside') => Database

/**
 * A database of node:sqlite. In mode `write` the file is created where there is none, readable by its owner only. Mode
 * `read` is for a file system that takes no writes, where SQLite could lock nothing and make no write-ahead log: it
 * reads what lies there, the log included (but not on Windows). Mode `beside` reads what another process writes.
 */
export const openNodeSqlite: OpenDatabase = (path, mode) => {
  const database = mode === 'write' ? openToWrite(path) : new DatabaseSync(mode === 'read' ? readOnlyUrl(path) : path, { readOnly: true })
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => {
      const statement = database.prepare(sql)
      statement.setReturnArrays(true)
      return {
        run: (...values: SQLInputValue[]) => void statement.run(...values),
        get: (...values: SQLInputValue[]) => statement.get(...values) as unknown as SqlRow | undefined,
        all: (...values: SQLInputValue[]) => statement.all(...values) as unknown as SqlRow[],
        iterate: (...values: SQLInputValue[]) => statement.iterate(...values) as unknown as Iterable<SqlRow>,
      }
    },
    close: () => database.close(),
  }
}

function openToWrite(path: string): DatabaseSync {
  // The log is made here too, so that a folder that takes no files says so in the system's own words.
  for (const file of [path, `${path}-wal`]) closeSync(openSync(file, 'a', 0o600))
  return new DatabaseSync(path)
}

function readOnlyUrl(path: string): URL {
  const url = pathToFileURL(path)
  const hasLog = (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0
  if (hasLog) url.searchParams.set('vfs', 'unix-none')
  else url.searchParams.set('immutable', '1')
  return url
}
