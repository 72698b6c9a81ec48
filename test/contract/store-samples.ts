/** Entries, batches and the whole visible state of a store, for its contract. */
import { localTables, projectionTables, type TableName } from '../../crdt/docs/tables.ts'
import { parseQuery, toWords } from '../../crdt/docs/search-words.ts'
import { idOf } from '../../crdt/log/entry.ts'
import type { DeviceId, EntryId, LogId } from '../../crdt/wire/ids.ts'
import type { Batch, MeshStore, NewEntry } from '../../node/ports/store.ts'

export const allTables: readonly TableName[] = [...projectionTables, ...localTables]

/** Looks random, is not: the same number gives the same id. */
export function hexOf(bytes: number, n: number): string {
  let state = (n + 1) * 2654435761
  let hex = ''
  while (hex.length < 2 * bytes) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9
    hex += (state >>> 0).toString(16).padStart(8, '0')
  }
  return hex.slice(0, 2 * bytes)
}

export const logOf = (n: number): LogId => hexOf(16, 1000 + n) as LogId
export const deviceOf = (n: number): DeviceId => hexOf(32, 2000 + n) as DeviceId
/** As in life, an id is the hash of an entry's bytes. */
export const entryIdOf = (log: number, seq: number): EntryId => idOf(bytesOf(log, seq))

export interface EntrySample {
  readonly log?: number
  readonly type?: NewEntry['type']
  readonly bytes?: Uint8Array
  readonly vouched?: boolean
}

export function entry(seq: number, { log = 1, type = 'content', bytes = bytesOf(log, seq), vouched = false }: EntrySample = {}): NewEntry {
  return { id: idOf(bytes), log: logOf(log), type, device: deviceOf(log), seq, bytes, vouched }
}

const bytesOf = (log: number, seq: number): Uint8Array => Uint8Array.from({ length: 20 }, (_, i) => [log, seq][i] ?? (log * 31 + seq * 7 + i) & 0xff)

export function batch(parts: Partial<Batch>): Batch {
  return { entries: [], puts: [], notes: [], evidence: [], ...parts }
}

export function putsOf(table: TableName, rows: Readonly<Record<string, number | undefined>>): Batch['puts'] {
  return Object.entries(rows).map(([key, value]) => ({ table, key, value: value === undefined ? undefined : Uint8Array.of(value) }))
}

export function note(id: string, text: string, ...tags: string[]): Batch['notes'][number] {
  return { note: id, words: { words: toWords(text), tags } }
}

/** The notes a query finds, best first. */
export function recall(store: MeshStore, query: string, tags: readonly string[] = [], limit = 50): readonly string[] {
  return store.search(parseQuery(query), tags, limit).map((found) => found.note)
}

export const keys = (rows: readonly (readonly [string, Uint8Array])[]): readonly string[] => rows.map(([key]) => key)

/** Everything that can be asked of a store. */
export function stateOf(store: MeshStore, queries: readonly string[] = ['w*', 'one', 'two', 'alpha']): unknown {
  return {
    logs: [...store.logs()].sort((a, b) => (a.log < b.log ? -1 : 1)),
    content: store.replay('content', 0, 1e6),
    membership: store.replay('membership', 0, 1e6),
    evidence: store.evidence(),
    tables: allTables.map((table) => [table, store.count(table), store.scan(table, { limit: 1e6 }), store.scan(table, { limit: 1e6, reverse: true })]),
    notes: queries.map((query) => store.search(parseQuery(query), [], 1e6)),
  }
}
