/** The tables of the folds in SQLite: trees by key, with recent puts over them. */
import { localTables, projectionTables, type TableName } from '../../crdt/docs/tables.ts'
import { checkKey, checkScan, compareKeys, keyAfterPrefix } from '../peer/memory-store-keys.ts'
import type { OrderedMap } from '../peer/memory-store-ordered-map.ts'
import type { Batch, MeshStore, ScanOptions } from '../ports/store.ts'
import { asBytes, asNumber, asText } from './sqlite-columns.ts'
import type { Database, SqlRow, SqlValue, Statement } from './sqlite-database.ts'
import { recentPuts, type Recent } from './sqlite-recent.ts'
import { sqlTable } from './sqlite-schema.ts'

export type SqliteTables = Pick<MeshStore, 'get' | 'scan' | 'count'> & {
  /** Within a transaction. */
  put(puts: Batch['puts']): void
  /** Within a transaction. */
  clearProjections(): void
  /** The transaction is durable. */
  done(): void
}

type Row = readonly [key: string, value: Uint8Array]

export function sqliteTables(database: Database, mostRecent: number): SqliteTables {
  const recent = recentPuts(database, mostRecent)
  const trees = new Map([...projectionTables, ...localTables].map((table) => [table, lazily(() => tree(database, sqlTable(table)))]))
  const treeOf = (table: TableName): Tree => {
    const found = trees.get(table)
    if (found === undefined) throw new Error(`no table ${table}`)
    return found()
  }
  /** Sorted, a tree takes many rows at a fraction of what they cost one by one, and writes each page once. */
  const moveToTrees = (table: TableName, rows: readonly (readonly [string, Recent])[]): void => {
    const { put, putMany, remove } = treeOf(table)
    const puts: SqlValue[] = []
    for (const [key, value] of rows) {
      if (value === undefined) remove.run(key)
      else if (puts.push(key, value) === 2 * manyRows) putMany().run(...puts.splice(0))
    }
    for (let i = 0; i < puts.length; i += 2) put.run(puts[i] as SqlValue, puts[i + 1] as SqlValue)
  }

  /** Puts of a commit that go straight to a tree. */
  const putAtEnds = (puts: Batch['puts']): void => {
    for (const table of grownAtTheirEnd) moveToTrees(table, puts.flatMap((put) => (put.table === table ? [[put.key, put.value] as const] : [])))
  }

  return {
    get: (table, key) => {
      const over = recent.of(table)
      if (over?.has(checkKey(key))) return over.get(key)
      const row = treeOf(table).get.get(checkKey(key))
      return row && asBytes(row[0])
    },
    scan: (table, options) => {
      checkScan(options)
      const below = (page: ScanOptions): readonly Row[] => scanTree(treeOf(table), page)
      const over = recent.of(table)
      return over === undefined ? below(options) : scanBoth(over, below, options)
    },
    count: (table) => {
      const { count, has } = treeOf(table)
      let rows = asNumber(count.get()?.[0])
      for (const [key, value] of recent.of(table)?.rows ?? []) {
        const below = has.get(key) !== undefined
        if (below !== (value !== undefined)) rows += below ? -1 : 1
      }
      return rows
    },
    put: (puts) => {
      if (recent.isFull()) {
        for (const [table, rows] of recent.all()) moveToTrees(table, rows)
        recent.forget()
      }
      const atEnds = puts.some(({ table }) => grownAtTheirEnd.includes(table))
      if (atEnds) putAtEnds(puts)
      recent.add(atEnds ? puts.filter(({ table }) => !grownAtTheirEnd.includes(table)) : puts)
    },
    clearProjections: () => {
      for (const [table, rows] of recent.all()) if (isLocal(table)) moveToTrees(table, rows)
      for (const table of projectionTables) treeOf(table).clear.run()
      recent.forget()
    },
    done: () => recent.done(),
  }
}

const isLocal = (table: TableName): boolean => (localTables as readonly string[]).includes(table)

/** Tables whose new keys mostly come after all others: such a tree takes them in few pages as they come. */
const grownAtTheirEnd: readonly TableName[] = ['message']

/** Both in the order of keys; a recent row hides the one below it. */
function scanBoth(recent: OrderedMap<Recent>, tree: (page: ScanOptions) => readonly Row[], options: ScanOptions): readonly Row[] {
  const rows: Row[] = []
  const below = inPages(tree, options)
  const over = inPages((page) => recent.scan(page), options)
  let old = below.next()
  let fresh = over.next()
  while (rows.length < options.limit && !(old.done && fresh.done)) {
    const order = old.done ? 1 : fresh.done ? -1 : compareKeys(old.value[0], fresh.value[0]) * (options.reverse ? -1 : 1)
    if (order < 0 && !old.done) rows.push(old.value)
    else if (!fresh.done && fresh.value[1] !== undefined) rows.push([fresh.value[0], fresh.value[1]])
    if (order <= 0) old = below.next()
    if (order >= 0) fresh = over.next()
  }
  return rows
}

function* inPages<V>(fetch: (page: ScanOptions) => readonly (readonly [string, V])[], options: ScanOptions): Generator<readonly [string, V], undefined> {
  for (let page = fetch(options); page.length > 0; page = fetch({ ...options, after: page.at(-1)?.[0] as string })) {
    yield* page
    if (page.length < options.limit) return
  }
}

/** So many rows in one statement cost a fifth less than each in its own. */
const manyRows = 16

interface Tree {
  readonly get: Statement
  readonly has: Statement
  readonly put: Statement
  readonly putMany: () => Statement
  readonly remove: Statement
  readonly count: Statement
  readonly clear: Statement
  readonly forward: () => Statement
  readonly backward: () => Statement
}

function tree(database: Database, table: string): Tree {
  const select = `SELECT CAST(key AS BLOB), value FROM ${table} WHERE key >= ? AND key < ? ORDER BY key`
  const put = (rows: number): string => `INSERT INTO ${table} (key, value) VALUES ${Array(rows).fill('(?, ?)').join(', ')} ON CONFLICT (key) DO UPDATE SET value = excluded.value`
  return {
    get: database.prepare(`SELECT value FROM ${table} WHERE key = ?`),
    has: database.prepare(`SELECT 1 FROM ${table} WHERE key = ?`),
    put: database.prepare(put(1)),
    putMany: lazily(() => database.prepare(put(manyRows))),
    remove: database.prepare(`DELETE FROM ${table} WHERE key = ?`),
    count: database.prepare(`SELECT count(*) FROM ${table}`),
    clear: database.prepare(`DELETE FROM ${table}`),
    forward: lazily(() => database.prepare(`${select} LIMIT ?`)),
    backward: lazily(() => database.prepare(`${select} DESC LIMIT ?`)),
  }
}

function scanTree(table: Tree, { prefix = '', after, limit, reverse = false }: ScanOptions): readonly Row[] {
  let from = prefix
  let end = keyAfterPrefix(prefix)
  if (after !== undefined && reverse) end = end === undefined || compareKeys(after, end) < 0 ? after : end
  // The first key after a key is that key and a \0.
  else if (after !== undefined) from = compareKeys(after, prefix) < 0 ? prefix : `${after}\0`
  // A blob sorts after every text.
  const bounds = [from, end ?? new Uint8Array(), Math.min(limit, Number.MAX_SAFE_INTEGER)]
  return (reverse ? table.backward() : table.forward()).all(...bounds).map(readRow)
}

const readRow = ([key, value]: SqlRow): Row => [asText(key), asBytes(value)]

/** Statements are prepared when first used: a node that opens to answer one question needs few of them. */
export function lazily<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
