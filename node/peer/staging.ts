/**
 * A transaction in the making: folds read their own writes here, and nothing reaches the store before it is all
 * committed at once.
 */
import type { NoteWords, TableName, Tables } from '../../crdt/docs/tables.ts'
import type { Batch, MeshStore, NewEntry } from '../ports/store.ts'
import { KeyFilter } from './key-filter.ts'

/**
 * What certainly is not in the store, known without asking it. Folds look for exceptions (a change superseded before
 * it came, one that was set aside, a message of the same id) with every change, and there hardly ever are any; and
 * while a mesh is joined, every key is new.
 */
export class KnownTables {
  /** The keys of each table that was empty when first looked at; undefined where only the store can tell. */
  readonly #keys = new Map<TableName, KeyFilter | undefined>()

  lacks(table: TableName, key: string, store: MeshStore): boolean {
    if (!this.#keys.has(table)) this.#keys.set(table, store.scan(table, { limit: 1 }).length === 0 ? new KeyFilter() : undefined)
    return this.#keys.get(table)?.mayHave(key) === false
  }

  /** A key is about to be put. */
  gets(table: TableName, key: string): void {
    const keys = this.#keys.get(table)
    if (keys) keys.add(key)
    else this.#keys.set(table, undefined)
  }

  forget(): void {
    this.#keys.clear()
  }
}

export class Staging implements Tables {
  readonly #store: MeshStore
  readonly #puts = new Map<TableName, Map<string, Uint8Array | undefined>>()
  readonly #notes = new Map<string, NoteWords | undefined>()
  readonly entries: NewEntry[] = []
  readonly evidence: Batch['evidence'][number][] = []
  readonly #known: KnownTables
  #changes = 0

  /** @param known what is known of the store's tables without asking it */
  constructor(store: MeshStore, known: KnownTables = new KnownTables()) {
    this.#store = store
    this.#known = known
  }

  /** Grows with everything that is staged. */
  get changes(): number {
    return this.#changes + this.entries.length + this.evidence.length
  }

  get isEmpty(): boolean {
    return this.entries.length === 0 && this.#puts.size === 0 && this.#notes.size === 0 && this.evidence.length === 0
  }

  get(table: TableName, key: string): Uint8Array | undefined {
    const staged = this.#puts.get(table)
    if (staged?.has(key)) return staged.get(key)
    return this.#known.lacks(table, key, this.#store) ? undefined : this.#store.get(table, key)
  }

  put(table: TableName, key: string, value: Uint8Array | undefined): void {
    let staged = this.#puts.get(table)
    if (!staged) this.#puts.set(table, (staged = new Map<string, Uint8Array | undefined>()))
    staged.set(key, value)
    this.#changes++
    if (value !== undefined) this.#known.gets(table, key)
  }

  index(note: string, words: NoteWords | undefined): void {
    this.#notes.set(note, words)
    this.#changes++
  }

  commit(): void {
    if (this.isEmpty) return
    const puts = [...this.#puts].flatMap(([table, rows]) => [...rows].map(([key, value]) => ({ table, key, value })))
    const notes = [...this.#notes].map(([note, words]) => ({ note, words }))
    this.#store.commit({ entries: this.entries, puts, notes, evidence: this.evidence })
  }
}
