/**
 * The store in memory: the twin of the SQLite one, with the same answers and the same refusals, for tests, the
 * simulator and sessions that keep nothing. What a commit returned for is "durable": it is what `snapshot` holds.
 */
import { localTables, projectionTables, type TableName } from '../../crdt/docs/tables.ts'
import { StoreError, type Batch, type MeshStore, type NewEntry, type StoreProblem } from '../ports/store.ts'
import { freshOf, MemoryEntries } from './memory-store-entries.ts'
import { checkKey, checkScan } from './memory-store-keys.ts'
import { MemoryNotes } from './memory-store-notes.ts'
import { OrderedMap } from './memory-store-ordered-map.ts'

/**
 * Where a planned failure strikes: `commit` before anything is kept, `after-commit` when all is kept but the caller is
 * told otherwise (a disk that fails at the last sync), `reopen`, or `read`, which covers every other question.
 */
export type FailurePoint = 'commit' | 'after-commit' | 'reopen' | 'read'

/** All that was durable at one moment. */
export interface MemorySnapshot {
  readonly entries: readonly NewEntry[]
  readonly evidence: Batch['evidence']
  readonly tables: ReadonlyMap<TableName, ReadonlyMap<string, Uint8Array>>
  readonly notes: MemoryNotes['notes']
}

export interface MemoryStore extends MeshStore {
  /** Plans one failure; several at one point strike one after the other. */
  failNext(problem: StoreProblem, plan: { readonly at: FailurePoint }): void
  /** What is durable now; later commits do not change it. */
  snapshot(): MemorySnapshot
  /** Puts the durable state back to `snapshot` and reopens: a restart from an old copy. */
  restore(snapshot: MemorySnapshot): void
}

/** @param from what an earlier store's snapshot held; empty without it */
export function createMemoryStore(from?: MemorySnapshot): MemoryStore {
  return new Memory(from)
}

class Memory implements MemoryStore {
  #entries = new MemoryEntries()
  #tables = new Map<TableName, OrderedMap<Uint8Array>>()
  #notes = new MemoryNotes()
  #closed: { readonly problem: StoreProblem; readonly why: string } | undefined
  readonly #plan: { readonly problem: StoreProblem; readonly at: FailurePoint }[] = []

  constructor(from?: MemorySnapshot) {
    this.#load(from)
  }

  logs: MeshStore['logs'] = () => this.#open().#entries.logs()
  has: MeshStore['has'] = (id) => this.#open().#entries.has(id)
  byId: MeshStore['byId'] = (id) => this.#open().#entries.byId(id)
  idAt: MeshStore['idAt'] = (log, seq) => this.#open().#entries.idAt(log, seq)
  read: MeshStore['read'] = (log, after, maxBytes) => this.#open().#entries.read(log, after, maxBytes)
  replay: MeshStore['replay'] = (type, after, limit) => this.#open().#entries.replay(type, after, limit)
  evidence: MeshStore['evidence'] = () => this.#open().#entries.evidence()
  get: MeshStore['get'] = (table, key) => this.#open().#table(table).get(checkKey(key))
  scan: MeshStore['scan'] = (table, options) => this.#open().#table(table).scan(checkScan(options))
  count: MeshStore['count'] = (table) => this.#open().#table(table).size
  search: MeshStore['search'] = (phrases, tags, limit) => this.#open().#notes.search(phrases, tags, limit)

  commit(batch: Batch): void {
    this.#open()
    const fresh = freshOf(batch.entries, (log, seq) => this.#entries.idAt(log, seq))
    for (const { table, key } of batch.puts) {
      this.#table(table)
      checkKey(key)
    }
    for (const { note } of batch.notes) checkKey(note)
    this.#durably(() => {
      this.#entries.add(fresh)
      for (const { table, key, value } of batch.puts) {
        if (value === undefined) this.#table(table).delete(key)
        // A copy: what was handed in may be a view into a large frame, or change later.
        else this.#table(table).set(key, value.slice())
      }
      for (const { note, words } of batch.notes) this.#notes.put(note, words)
      this.#entries.addEvidence(batch.evidence)
    })
  }

  clearProjections(): void {
    this.#open()
    this.#durably(() => {
      for (const table of projectionTables) this.#tables.set(table, new OrderedMap())
      this.#notes = new MemoryNotes()
    })
  }

  reopen(): void {
    this.#strike('reopen')
    this.#closed = undefined
  }

  close(): void {
    this.#closed ??= { problem: 'io', why: 'the store is closed' }
  }

  bytes(): number {
    let bytes = 0
    for (const entry of this.#entries.rows) bytes += entry.bytes.length
    for (const table of this.#tables.values()) for (const [key, value] of table.rows) bytes += key.length + value.length
    return bytes
  }

  failNext(problem: StoreProblem, plan: { readonly at: FailurePoint }): void {
    this.#plan.push({ problem, at: plan.at })
  }

  snapshot(): MemorySnapshot {
    return {
      entries: [...this.#entries.rows],
      evidence: this.#entries.evidence(),
      tables: new Map([...this.#tables].map(([table, { rows }]) => [table, new Map(rows)])),
      notes: new Map(this.#notes.notes),
    }
  }

  restore(snapshot: MemorySnapshot): void {
    this.#load(snapshot)
    this.#closed = undefined
  }

  #load(from?: MemorySnapshot): void {
    this.#entries = new MemoryEntries(from?.entries, from?.evidence)
    this.#tables = new Map([...projectionTables, ...localTables].map((table) => [table, new OrderedMap(from?.tables.get(table))]))
    this.#notes = new MemoryNotes(from?.notes)
  }

  #open(): this {
    if (this.#closed) throw new StoreError(this.#closed.problem, this.#closed.why)
    this.#strike('read')
    return this
  }

  #table(table: TableName): OrderedMap<Uint8Array> {
    const found = this.#tables.get(table)
    if (found === undefined) throw new Error(`no table ${table}`)
    return found
  }

  #durably(step: () => void): void {
    try {
      this.#strike('commit')
      step()
      this.#strike('after-commit')
    } catch (error) {
      this.#closed = { problem: error instanceof StoreError ? error.problem : 'io', why: `closed after a commit that failed: ${String(error)}` }
      throw error
    }
  }

  #strike(at: FailurePoint): void {
    const next = this.#plan.findIndex((failure) => failure.at === at)
    if (next < 0) return
    const [failure] = this.#plan.splice(next, 1)
    if (failure) throw new StoreError(failure.problem, `planned at ${at}`)
  }
}
