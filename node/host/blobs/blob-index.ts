/**
 * Which chunk lies where, in a SQLite database of its own. It may lose its newest rows with the power and then learns them
 * again from the packs, which are synced first; so it need not sync at every commit, and other processes may read along.
 */
import { fromHex, toHex, type BlobId } from '../../../crdt/wire/ids.ts'
import type { Database } from '../sqlite-database.ts'
import type { Place } from './pack-record.ts'

export const indexSettings = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA fullfsync = ON;
  PRAGMA checkpoint_fullfsync = ON;
  PRAGMA busy_timeout = 5000;
  PRAGMA cache_size = -4096;
  PRAGMA temp_store = FILE;
  PRAGMA journal_size_limit = 8388608;
  PRAGMA trusted_schema = OFF;`

const schema = `
  CREATE TABLE IF NOT EXISTS chunk (id BLOB PRIMARY KEY, pack INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL, used INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  -- How far each pack is indexed.
  CREATE TABLE IF NOT EXISTS pack (n INTEGER PRIMARY KEY, size INTEGER NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS chunk_pack ON chunk (pack);
  PRAGMA user_version = 1;`

export interface IndexedChunk extends Place {
  readonly id: BlobId
}

export class BlobIndex {
  readonly #database: Database
  readonly #sql: ReturnType<typeof statements>

  /** @param mode `read` for a process that only reads what another writes */
  constructor(database: Database, mode: 'write' | 'read') {
    this.#database = database
    if (mode === 'write') {
      database.exec(indexSettings)
      database.exec(schema)
      database.exec('CREATE TEMP TABLE mark (id BLOB PRIMARY KEY) STRICT, WITHOUT ROWID')
    }
    this.#sql = statements(database)
  }

  find(id: BlobId): Place | undefined {
    const row = this.#sql.find.get(fromHex(id))
    return row && { pack: row[0] as number, start: row[1] as number, length: row[2] as number }
  }

  usage(): { readonly chunks: number; readonly bytes: number } {
    const row = this.#sql.usage.get()
    return { chunks: row?.[0] as number, bytes: row?.[1] as number }
  }

  /** How far each pack is indexed. */
  packs(): ReadonlyMap<number, number> {
    return new Map(this.#sql.packs.all().map(([pack, size]) => [pack as number, size as number]))
  }

  /** One step: new places, chunks used again, and how far the pack is indexed now. */
  add(chunks: readonly IndexedChunk[], usedAgain: readonly BlobId[], pack: { readonly n: number; readonly size: number } | undefined, now: number): void {
    this.#step(() => {
      for (const { id, pack: n, start, length } of chunks) this.#sql.put.run(fromHex(id), n, start, length, now)
      for (const id of usedAgain) this.#sql.use.run(now, fromHex(id))
      if (pack) this.#sql.setPack.run(pack.n, pack.size)
    })
  }

  /** Chunks of a pack that was scanned; those that lie elsewhere already stay there. */
  learn(chunks: readonly IndexedChunk[], pack: number, size: number, now: number): void {
    this.#step(() => {
      for (const { id, start, length } of chunks) if (!this.find(id)) this.#sql.put.run(fromHex(id), pack, start, length, now)
      this.#sql.setPack.run(pack, size)
    })
  }

  forget(id: BlobId): void {
    this.#sql.forget.run(fromHex(id))
  }

  /** Nothing of a pack behind a place is there any more. */
  cut(pack: number, size: number): void {
    this.#step(() => {
      this.#sql.cut.run(pack, size)
      if (size === 0) this.#sql.dropPack.run(pack)
      else this.#sql.setPack.run(pack, size)
    })
  }

  /** Chunks were copied: they lie elsewhere from now on, and their old pack is gone. Synced, since the file goes next. */
  move(chunks: readonly IndexedChunk[], to: ReadonlyMap<number, number>, from: number): void {
    this.#database.exec('PRAGMA synchronous = FULL')
    this.#step(() => {
      for (const { id, pack, start, length } of chunks) this.#sql.move.run(pack, start, length, fromHex(id), from)
      this.#sql.cut.run(from, 0)
      this.#sql.dropPack.run(from)
      for (const [n, size] of to) this.#sql.setPack.run(n, size)
    })
    this.#database.exec('PRAGMA synchronous = NORMAL')
  }

  mark(ids: readonly BlobId[]): void {
    this.#step(() => {
      for (const id of ids) this.#sql.mark.run(fromHex(id))
    })
  }

  unmarkAll(): void {
    this.#database.exec('DELETE FROM temp.mark')
  }

  /** Forgets what is not marked and was not used since. */
  sweep(since: number): { readonly chunks: number; readonly bytes: number } {
    const row = this.#sql.dead.get(since)
    this.#sql.sweep.run(since)
    return { chunks: row?.[0] as number, bytes: row?.[1] as number }
  }

  /** The bytes of each pack that are still somebody's. */
  weights(): ReadonlyMap<number, number> {
    return new Map(this.#sql.weights.all().map(([pack, bytes]) => [pack as number, bytes as number]))
  }

  chunksOf(pack: number): readonly IndexedChunk[] {
    return this.#sql.chunksOf.all(pack).map(([id, start, length]) => ({ id: toHex(id as Uint8Array) as BlobId, pack, start: start as number, length: length as number }))
  }

  close(): void {
    this.#database.close()
  }

  #step(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      work()
      this.#database.exec('COMMIT')
    } catch (error) {
      this.#database.exec('ROLLBACK')
      throw error
    }
  }
}

function statements(database: Database) {
  // Prepared when first used: a process that only reads has no table of marks.
  const lazily = (sql: string) => {
    let prepared: ReturnType<Database['prepare']> | undefined
    const statement = (): ReturnType<Database['prepare']> => (prepared ??= database.prepare(sql))
    return { get: (...values: Parameters<ReturnType<Database['prepare']>['get']>) => statement().get(...values), all: (...values: Parameters<ReturnType<Database['prepare']>['all']>) => statement().all(...values), run: (...values: Parameters<ReturnType<Database['prepare']>['run']>) => statement().run(...values) }
  }
  const dead = 'FROM chunk WHERE used < ? AND NOT EXISTS (SELECT 1 FROM temp.mark WHERE mark.id = chunk.id)'
  return {
    find: lazily('SELECT pack, start, length FROM chunk WHERE id = ?'),
    usage: lazily('SELECT count(*), coalesce(sum(length), 0) FROM chunk'),
    packs: lazily('SELECT n, size FROM pack'),
    put: lazily('INSERT OR REPLACE INTO chunk VALUES (?, ?, ?, ?, ?)'),
    use: lazily('UPDATE chunk SET used = ? WHERE id = ?'),
    setPack: lazily('INSERT OR REPLACE INTO pack VALUES (?, ?)'),
    dropPack: lazily('DELETE FROM pack WHERE n = ?'),
    forget: lazily('DELETE FROM chunk WHERE id = ?'),
    cut: lazily('DELETE FROM chunk WHERE pack = ? AND start + length > ?'),
    move: lazily('UPDATE chunk SET pack = ?, start = ?, length = ? WHERE id = ? AND pack = ?'),
    mark: lazily('INSERT OR IGNORE INTO temp.mark VALUES (?)'),
    dead: lazily(`SELECT count(*), coalesce(sum(length), 0) ${dead}`),
    sweep: lazily(`DELETE ${dead}`),
    weights: lazily('SELECT pack, sum(length) FROM chunk GROUP BY pack'),
    chunksOf: lazily('SELECT id, start, length FROM chunk WHERE pack = ? ORDER BY start'),
  }
}
