/** Entries and logs in SQLite. A log is a small number there. */
import type { DeviceId, EntryId, LogId } from '../../crdt/wire/ids.ts'
import { freshOf } from '../peer/memory-store-entries.ts'
import type { MeshStore, NewEntry, StoredEntry, StoredLog } from '../ports/store.ts'
import type { Database, SqlRow, Statement } from './sqlite-database.ts'
import { entryIds } from './sqlite-entry-ids.ts'
import { asBytes, asHex, asNumber, toBlob } from './sqlite-columns.ts'

export type SqliteEntries = Pick<MeshStore, 'logs' | 'has' | 'byId' | 'idAt' | 'read' | 'replay'> & {
  /** The entries that are not here yet. Throws when one would take another's place: a bug of the caller. */
  fresh(entries: readonly NewEntry[]): readonly NewEntry[]
  /** Within a transaction. */
  add(entries: readonly NewEntry[]): void
  /** The transaction is durable. */
  done(): void
}

interface Head extends StoredLog {
  /** What the log is called in other tables. */
  readonly n: number
}

const types = ['content', 'membership'] as const

export function sqliteEntries(database: Database, mostRecent: number): SqliteEntries {
  const sql = prepare(database)
  const ids = entryIds(database, mostRecent)
  // One small record for each log: commits need its number, and its head tells a new entry from a known one.
  const heads = new Map(database.prepare(headsSql).all().map(readHead).map((head) => [head.log, head]))
  let last = asNumber(database.prepare('SELECT ifnull(max(position), 0) FROM entry').get()?.[0])
  let staged = new Map<LogId, Head>()

  const addLog = ({ log, type, device }: NewEntry): number => asNumber(sql.addLog.get(toBlob(log), types.indexOf(type), toBlob(device))?.[0])
  const idAt = (log: LogId, seq: number): EntryId | undefined => {
    const head = heads.get(log)
    if (head === undefined || seq > head.seq) return undefined
    if (seq === head.seq) return head.id
    const row = sql.idAt.get(head.n, seq)
    return row && (asHex(row[0]) as EntryId)
  }

  return {
    logs: () => [...heads.values()].map(({ n: _, ...log }) => log),
    has: (id) => ids.find(id) !== undefined,
    byId: (id) => {
      const position = ids.find(id)
      const row = position === undefined ? undefined : sql.at.get(position)
      return row && { ...readEntry(row), log: asHex(row[3]) as LogId }
    },
    idAt,
    read: (log, after, maxBytes) => {
      const head = heads.get(log)
      return head === undefined || after >= head.seq ? [] : readUpTo(sql.read.iterate(head.n, after), maxBytes)
    },
    replay: (type, after, limit) =>
      sql.replay[type].all(after, limit).map(([position, log, bytes]) => ({ position: asNumber(position), log: asHex(log) as LogId, bytes: asBytes(bytes) })),

    fresh: (entries) => freshOf(entries, idAt),
    add: (entries) => {
      if (entries.length === 0) return
      ids.add(entries.map(({ id }) => id), last + 1)
      for (const [i, entry] of entries.entries()) {
        const { id, log, type, device, seq, vouched, bytes } = entry
        const head = staged.get(log) ?? heads.get(log)
        const n = head?.n ?? addLog(entry)
        sql.add.run(last + 1 + i, toBlob(id), n, seq, types.indexOf(type), vouched ? 1 : 0, bytes)
        if (head === undefined || seq > head.seq) staged.set(log, { n, log, type, device, seq, id })
      }
      last += entries.length
    },
    done: () => {
      ids.done()
      for (const [log, head] of staged) heads.set(log, head)
      staged = new Map()
    },
  }
}

function readEntry([seq, vouched, bytes]: SqlRow): StoredEntry {
  return { seq: asNumber(seq), vouched: vouched === 1, bytes: asBytes(bytes) }
}

function readUpTo(rows: Iterable<SqlRow>, maxBytes: number): readonly StoredEntry[] {
  const entries: StoredEntry[] = []
  let size = 0
  for (const row of rows) {
    const entry = readEntry(row)
    size += entry.bytes.length
    if (size > maxBytes && entries.length > 0) break
    entries.push(entry)
  }
  return entries
}

const headsSql = `
  SELECT log.n, log.log, log.type, log.device, entry.seq, entry.id FROM log
  JOIN entry ON entry.log = log.n AND entry.seq = (SELECT max(seq) FROM entry AS any WHERE any.log = log.n)
  ORDER BY log.n`

function readHead([n, log, type, device, seq, id]: SqlRow): Head {
  return { n: asNumber(n), log: asHex(log) as LogId, type: type === 1 ? 'membership' : 'content', device: asHex(device) as DeviceId, seq: asNumber(seq), id: asHex(id) as EntryId }
}

function prepare(database: Database) {
  const replay = (type: number): Statement => database.prepare(`
    SELECT position, log.log, bytes FROM entry JOIN log ON log.n = entry.log
    WHERE entry.type = ${type} AND position > ? ORDER BY position LIMIT ?`)
  return {
    at: database.prepare('SELECT seq, vouched, bytes, (SELECT log FROM log WHERE n = entry.log) FROM entry WHERE position = ?'),
    idAt: database.prepare('SELECT id FROM entry WHERE log = ? AND seq = ?'),
    read: database.prepare('SELECT seq, vouched, bytes FROM entry WHERE log = ? AND seq > ? ORDER BY seq'),
    replay: { content: replay(0), membership: replay(1) },
    addLog: database.prepare('INSERT INTO log (log, type, device) VALUES (?, ?, ?) RETURNING n'),
    add: database.prepare('INSERT INTO entry (position, id, log, seq, type, vouched, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)'),
  }
}
