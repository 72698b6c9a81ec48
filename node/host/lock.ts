import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AtollError } from '../ports/errors.ts'

/**
 * Takes the profile for this process, or throws node_running. The lock is an open exclusive transaction: the
 * kernel ends it with the process, however that dies, and it never outlives its holder. The pid file is only
 * there to be read by people. Hold on to what is returned: garbage collection would let go of the lock.
 */
export function lockProfile(home: string): Disposable {
  const pidFile = pidPath(home)
  // A little patience: `isProfileLocked` elsewhere may hold the lock for an instant.
  const database = begin(home, 250)
  if (database === null) throw new AtollError('node_running', { pid: lockHolder(home) })
  try {
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 })
  } catch (error) {
    database.close()
    throw unwritable(home, error)
  }
  return {
    [Symbol.dispose]: () => {
      rmSync(pidFile, { force: true })
      database.close()
    },
  }
}

/**
 * Keeps nodes from starting while a profile that cannot be written is read, or throws node_running: what a node holds
 * open must not be read beside it. Readers share the lock.
 */
export function lockToRead(home: string): Disposable {
  if (!existsSync(lockPath(home))) return { [Symbol.dispose]: () => {} }
  const database = new DatabaseSync(lockPath(home), { readOnly: true, timeout: 250 })
  try {
    database.exec('BEGIN; SELECT 1 FROM sqlite_schema')
  } catch (error) {
    database.close()
    if (isBusy(error)) throw new AtollError('node_running', { pid: lockHolder(home) })
    throw unwritable(home, error)
  }
  return { [Symbol.dispose]: () => database.close() }
}

/** Whether some process, perhaps this one, holds the profile. */
export function isProfileLocked(home: string): boolean {
  const database = begin(home, 0)
  database?.close()
  return database === null
}

/** The database with its exclusive transaction begun, or null when another has it. */
function begin(home: string, patienceMs: number): DatabaseSync | null {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(lockPath(home), { timeout: patienceMs })
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database?.close()
    if (isBusy(error)) return null
    throw unwritable(home, error)
  }
}

function isBusy(error: unknown): boolean {
  const sqliteBusy = 5
  return (error as { errcode?: number }).errcode === sqliteBusy
}

function unwritable(home: string, error: unknown): AtollError {
  return new AtollError('profile_readonly', { path: home, why: error instanceof Error ? error.message : String(error) }, { cause: error })
}

/** The process that holds the profile, for messages. */
export function lockHolder(home: string): string {
  try {
    return readFileSync(pidPath(home), 'utf8').trim() || 'unknown'
  } catch {
    // It is about to be written, or was removed a moment ago: the number only serves the message.
    return 'unknown'
  }
}

function lockPath(home: string): string {
  return join(home, 'lock.db')
}

function pidPath(home: string): string {
  return join(home, 'node.pid')
}
