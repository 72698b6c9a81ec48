/**
 * What happens to a damaged file: it is set aside under another name, never deleted, and what can still be read of it
 * goes into a fresh one. Every salvaged entry hashes to its id and every log is whole up to where it ends, but whether
 * a log ends where it did is not known: the caller starts new logs (rule D4), verifies, refolds, and asks peers for
 * the rest.
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { idOf, readEntry } from '../../crdt/log/entry.ts'
import { StoreError, type MeshStore, type StoreDamage } from '../ports/store.ts'
import { evidenceColumns, readEvidence } from './sqlite-evidence.ts'
import type { Database, OpenDatabase } from './sqlite-database.ts'
import { problemOf } from './sqlite-errors.ts'
import { asBytes, asHex } from './sqlite-columns.ts'
import { salvage, type Salvaged } from './quarantine-salvage.ts'

/** The write-ahead log of a damaged file, if it had one, is kept beside it with `-wal`. */
export interface Damage extends Salvaged, StoreDamage {}

/**
 * Sets a damaged file aside and makes a fresh one at its place. A crash in the middle is put right by
 * `finishQuarantine` at the next start.
 * @param fresh makes an empty store, to be filled
 */
export function quarantine(path: string, why: string, open: OpenDatabase, fresh: (path: string) => MeshStore): Damage {
  const making = salvagePath(path)
  removeDatabase(making)
  const store = fresh(making)
  const salvaged = withDatabase(path, open, (damaged) => salvage(damaged, sizeOf(path), store))
  store.close()
  if (sizeOf(`${making}-wal`) > 0) throw new StoreError('io', 'what was salvaged could not be written whole')
  const movedTo = setAside(path)
  finishQuarantine(path)
  return { movedTo, why, ...salvaged }
}

/** Takes the last steps of a quarantine: the salvaged file is whole as soon as the damaged one has gone from its place. */
export function finishQuarantine(path: string): void {
  if (existsSync(path) || !existsSync(salvagePath(path))) return
  const wal = `${path}-wal`
  if (existsSync(wal)) renameSync(wal, `${newestAside(path)}-wal`)
  renameSync(salvagePath(path), path)
  syncFolder(dirname(path))
}

/**
 * Looks for damage. Throws StoreError `corrupt` where it finds any.
 * @param depth `kept` looks at the structure of the tables in `kept`, `all` at everything, and hashes every entry
 */
export function checkDatabase(database: Database, depth: 'kept' | 'all', kept: readonly string[]): void {
  const checks = depth === 'all' ? ['PRAGMA integrity_check(1)'] : kept.map((table) => `PRAGMA quick_check(${table})`)
  for (const check of checks) {
    const verdict = String(database.prepare(check).get()?.[0])
    if (verdict !== 'ok') throw new StoreError('corrupt', verdict)
  }
  if (depth !== 'all') return
  checkEntries(database)
  for (const row of database.prepare(`SELECT ${evidenceColumns} FROM evidence`).iterate()) readEvidence(row)
}

/** SQLite has no checksums: a page can be sound and what is on it another. Entries can be told, by their hashes. */
function checkEntries(database: Database): void {
  const rows = database.prepare('SELECT id, bytes, log.log, seq, entry.type FROM entry LEFT JOIN log ON log.n = entry.log ORDER BY position')
  for (const [id, bytes, log, seq, type] of rows.iterate()) {
    const name = asHex(id)
    if (idOf(asBytes(bytes)) !== name) throw new StoreError('corrupt', `entry ${name} does not hash to its id`)
    const read = readEntry(asBytes(bytes))
    // One that cannot be read is what was committed, all the same.
    if (!read.ok) continue
    const { entry } = read
    if (entry.log !== asHex(log) || entry.seq !== seq || entry.type !== (type === 1 ? 'membership' : 'content')) throw new StoreError('corrupt', `entry ${name} stands in the place of another`)
  }
  const [known, found] = database.prepare(`
    SELECT (SELECT count(*) FROM entry, indexed WHERE entry.position <= indexed.position),
           (SELECT count(*) FROM entry_id JOIN entry USING (position) WHERE start = substr(id, 1, 8))`).get() ?? []
  if (known !== found) throw new StoreError('corrupt', `${String(known)} entries, ${String(found)} of them found by their ids`)
}

const salvagePath = (path: string): string => `${path}.salvage`

/** Runs `step` on what can be opened of a damaged file; on nothing at all where not even its header can be read. */
function withDatabase(path: string, open: OpenDatabase, step: (database: Database | undefined) => Salvaged): Salvaged {
  let database: Database | undefined
  try {
    database = open(path, 'write')
    database.exec('PRAGMA locking_mode = EXCLUSIVE; SELECT 1 FROM sqlite_schema')
  } catch (error) {
    if (problemOf(error) !== 'corrupt') throw error
    database?.close()
    return step(undefined)
  }
  try {
    return step(database)
  } finally {
    database.close()
  }
}

function setAside(path: string): string {
  let n = 1
  while (existsSync(asidePath(path, n))) n++
  // The database first: without it at its place, the next start knows that the salvaged one belongs there.
  renameSync(path, asidePath(path, n))
  return asidePath(path, n)
}

const asidePath = (path: string, n: number): string => `${path}.corrupt-${n}`

function newestAside(path: string): string {
  let n = 1
  while (existsSync(asidePath(path, n + 1))) n++
  return asidePath(path, n)
}

/** A half-made salvage, nothing else is ever removed. */
function removeDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
