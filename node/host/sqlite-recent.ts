/**
 * Recent puts, kept in two ways until they are many: on disk as one row for each commit, in memory to be read. A
 * commit of a hundred random keys then writes a few pages at the end of a table instead of a hundred all over a tree,
 * and a key that changes often goes into its tree once.
 */
import { crc32 } from 'node:zlib'
import { localTables, projectionTables, type TableName } from '../../crdt/docs/tables.ts'
import { OrderedMap } from '../peer/memory-store-ordered-map.ts'
import { StoreError, type Batch } from '../ports/store.ts'
import { asBytes } from './sqlite-columns.ts'
import type { Database } from './sqlite-database.ts'

/** `undefined` where the key was deleted. */
export type Recent = Uint8Array | undefined

export interface RecentPuts {
  /** What is recent of a table, if anything is. */
  of(table: TableName): OrderedMap<Recent> | undefined
  /** Whether it is time to move everything to the tables. */
  isFull(): boolean
  /** All of it, each table in the order of its keys. */
  all(): Iterable<readonly [TableName, readonly (readonly [string, Recent])[]]>
  /** Within a transaction: everything so far was moved to the tables. */
  forget(): void
  /** Within a transaction. */
  add(puts: Batch['puts']): void
  /** The transaction is durable: what it did holds in memory too. */
  done(): void
}

/** @param mostRows how many puts may wait; some 10 MB in memory and 30 ms to read at the next start are worth it */
export function recentPuts(database: Database, mostRows: number): RecentPuts {
  const mostBytes = 256 * mostRows
  const tables = new Map<TableName, OrderedMap<Recent>>()
  const insert = database.prepare('INSERT INTO recent (puts) VALUES (?)')
  const clear = database.prepare('DELETE FROM recent')
  let size = { rows: 0, bytes: 0 }
  let staged: { readonly forget: boolean; readonly puts: Batch['puts']; readonly bytes: number } = nothing

  const take = (table: TableName, key: string, value: Recent): void => {
    let keys = tables.get(table)
    if (keys === undefined) tables.set(table, (keys = new OrderedMap()))
    keys.set(key, value)
    size.rows++
  }
  for (const [packed] of database.prepare('SELECT puts FROM recent ORDER BY n').iterate()) {
    size.bytes += asBytes(packed).length
    // A table of an older version may be gone; what is folded into another is folded anew.
    for (const [table, key, value] of unpackPuts(asBytes(packed))) if (isTable(table)) take(table, key, value)
  }

  return {
    of: (table) => tables.get(table),
    isFull: () => size.rows > mostRows || size.bytes > mostBytes,
    all: () => [...tables].map(([table, keys]) => [table, keys.scan({ limit: Infinity })] as const),
    forget: () => {
      clear.run()
      staged = { ...staged, forget: true }
    },
    add: (puts) => {
      if (puts.length === 0) return
      const packed = packPuts(puts)
      insert.run(packed)
      staged = { ...staged, puts, bytes: packed.length }
    },
    done: () => {
      if (staged.forget) {
        tables.clear()
        size = { rows: 0, bytes: 0 }
      }
      for (const { table, key, value } of staged.puts) take(table, key, value)
      size.bytes += staged.bytes
      staged = nothing
    },
  }
}

const isTable = (name: string): name is TableName => ([...projectionTables, ...localTables] as readonly string[]).includes(name)

const nothing = { forget: false, puts: [], bytes: 0 }

const deleted = 0xffffffff
const checksumBytes = 4

/** A checksum, then table, key and value of each put, each behind its length. A format of its own since nothing else reads it and a codec costs three times as much. */
function packPuts(puts: Batch['puts']): Uint8Array {
  let size = checksumBytes
  for (const { table, key, value } of puts) size += 9 + table.length + Buffer.byteLength(key) + (value?.length ?? 0)
  const packed = Buffer.allocUnsafeSlow(size)
  let at = checksumBytes
  for (const { table, key, value } of puts) {
    at = packed.writeUInt8(table.length, at)
    at += packed.write(table, at, 'latin1')
    const keyLength = packed.write(key, at + 8, 'utf8')
    packed.writeUInt32LE(keyLength, at)
    packed.writeUInt32LE(value === undefined ? deleted : value.length, at + 4)
    at += 8 + keyLength
    if (value === undefined) continue
    packed.set(value, at)
    at += value.length
  }
  packed.writeUInt32LE(crc32(packed.subarray(checksumBytes)))
  // Not a Buffer: its slices, which are handed out, would be Buffers too, and share memory where others copy.
  return new Uint8Array(packed.buffer)
}

/** The values point into `packed`. Throws StoreError when it is not what was packed. */
export function* unpackPuts(packed: Uint8Array): Generator<readonly [TableName, string, Recent]> {
  const from = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength)
  if (from.length < checksumBytes || crc32(from.subarray(checksumBytes)) !== from.readUInt32LE(0)) throw new StoreError('corrupt', 'recent puts and their checksum differ')
  for (let at = checksumBytes; at < from.length; ) {
    const sizes = at + 1 + from.readUInt8(at)
    const start = sizes + 8 + from.readUInt32LE(sizes)
    const length = from.readUInt32LE(sizes + 4)
    const table = from.toString('latin1', at + 1, sizes) as TableName
    at = length === deleted ? start : start + length
    yield [table, from.toString('utf8', sizes + 8, start), length === deleted ? undefined : packed.subarray(start, at)]
  }
}
