/** Reads what can still be read of a damaged database. Whatever throws is skipped: the file was damaged before we came. */
import { localTables, type TableName } from '../../crdt/docs/tables.ts'
import { readEntry } from '../../crdt/log/entry.ts'
import type { LogId } from '../../crdt/wire/ids.ts'
import type { Batch, MeshStore, NewEntry } from '../ports/store.ts'
import type { Database, SqlRow } from './sqlite-database.ts'
import { evidenceColumns, readEvidence } from './sqlite-evidence.ts'
import { asBytes, asHex, asText } from './sqlite-columns.ts'
import { unpackPuts } from './sqlite-recent.ts'
import { sqlTable } from './sqlite-schema.ts'

export interface Salvaged {
  readonly entries: number
  /** Entries that can be read, but not those before them in their log. They stay in the damaged file. */
  readonly cutOff: number
  /** Rows of this device's own tables. */
  readonly rows: number
  readonly evidence: number
}

const nothing: Salvaged = { entries: 0, cutOff: 0, rows: 0, evidence: 0 }

export function salvage(damaged: Database | undefined, fileBytes: number, into: Pick<MeshStore, 'commit'>): Salvaged {
  if (damaged === undefined) return nothing
  const evidence = salvageEvidence(damaged, fileBytes)
  into.commit({ entries: [], puts: [], notes: [], evidence })
  const rows = salvageTables(damaged, fileBytes, into)
  return { ...salvageEntries(damaged, fileBytes, into), rows, evidence: evidence.length }
}

function salvageEntries(damaged: Database, fileBytes: number, into: Pick<MeshStore, 'commit'>): { entries: number; cutOff: number } {
  const ends = new Map<LogId, number>()
  const found = { entries: 0, cutOff: 0 }
  let batch: NewEntry[] = []
  const flush = (): void => {
    into.commit({ entries: batch, puts: [], notes: [], evidence: [] })
    batch = []
  }
  for (const [, id, vouched, bytes] of readable(damaged, 'entry', 'position', 'id, vouched, bytes', fileBytes)) {
    const entry = attempt(() => genuine(asBytes(bytes), asHex(id)))
    if (!entry) continue
    const { log, seq } = entry
    // After a gap nothing of a log can be verified, and peers are asked for what follows its end.
    if (seq !== (ends.get(log) ?? 0) + 1) {
      found.cutOff++
      continue
    }
    ends.set(log, seq)
    found.entries++
    batch.push({ ...entry, vouched: vouched === 1 })
    if (batch.length >= 256) flush()
  }
  flush()
  return found
}

/** The entry, if these are the bytes that its id was made from. */
function genuine(bytes: Uint8Array, id: string): NewEntry | undefined {
  const read = readEntry(bytes)
  if (!read.ok || read.entry.id !== id) return undefined
  const { log, type, device, seq } = read.entry
  return { id: read.entry.id, log, type, device, seq, bytes, vouched: false }
}

function salvageTables(damaged: Database, fileBytes: number, into: Pick<MeshStore, 'commit'>): number {
  const found = new Map<TableName, Map<string, Uint8Array | undefined>>(localTables.map((table) => [table, readableTree(damaged, sqlTable(table))]))
  for (const [, packed] of readable(damaged, 'recent', 'n', 'puts', fileBytes)) {
    const puts = attempt(() => [...unpackPuts(asBytes(packed))]) ?? []
    for (const [table, key, value] of puts) found.get(table)?.set(key, value)
  }
  // Projections are not salvaged, so nothing may say that they are folded: the next load folds everything anew.
  found.get('meta')?.delete('fold')
  const puts = [...found].flatMap(([table, rows]) => [...rows].map(([key, value]) => ({ table, key, value })))
  into.commit({ entries: [], puts, notes: [], evidence: [] })
  return puts.filter(({ value }) => value !== undefined).length
}

function salvageEvidence(damaged: Database, fileBytes: number): Batch['evidence'] {
  const rows = (columns: string): SqlRow[] => [...readable(damaged, 'evidence', 'n', columns, fileBytes)]
  const found = rows(evidenceColumns)
  // A file of an older schema has no checksums.
  return (found.length > 0 ? found : rows('log, seq, run')).flatMap(([, ...row]) => attempt(() => readEvidence(row)) ?? [])
}

const pageRows = 256

/** The rows that can be read of a table with numbered rows: page by page, and around a damaged page one by one. */
function* readable(database: Database, table: string, number: string, columns: string, fileBytes: number): Generator<SqlRow> {
  const many = attempt(() => database.prepare(`SELECT ${number}, ${columns} FROM ${table} WHERE ${number} > ? ORDER BY ${number} LIMIT ${pageRows}`))
  const one = attempt(() => database.prepare(`SELECT ${number}, ${columns} FROM ${table} WHERE ${number} = ?`))
  if (many === undefined || one === undefined) return
  // No row is smaller than this, so no table has more of them.
  const most = (attempt(() => database.prepare(`SELECT max(${number}) FROM ${table}`).get()?.[0]) ?? fileBytes / 64) as number
  for (let at = 0; at < most; ) {
    const page = attempt(() => many.all(at))
    if (page?.length === 0) return
    if (page) yield* page
    else for (let n = at + 1; n <= at + pageRows; n++) yield* attempt(() => one.all(n)) ?? []
    at = page ? (page.at(-1)?.[0] as number) : at + pageRows
  }
}

/** What can be read of a table by key: from its start to the first damage, and from its end back to the last. */
function readableTree(database: Database, table: string): Map<string, Uint8Array | undefined> {
  const rows = new Map<string, Uint8Array | undefined>()
  for (const order of ['ASC', 'DESC']) {
    attempt(() => {
      for (const [key, value] of database.prepare(`SELECT CAST(key AS BLOB), value FROM ${table} ORDER BY key ${order}`).iterate()) {
        rows.set(asText(key), asBytes(value))
      }
    })
  }
  return rows
}

function attempt<T>(step: () => T): T | undefined {
  try {
    return step()
  } catch {
    // Damage is what this file is about; what could not be read shows in the counts.
    return undefined
  }
}
