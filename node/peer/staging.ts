/**
 * A transaction in the making: folds read their own writes here, and nothing reaches the store before it is all
 * committed at once.
 */
import type { NoteWords, TableName, Tables } from '../../crdt/docs/tables.ts'
import type { Batch, MeshStore, NewEntry } from '../ports/store.ts'

export class Staging implements Tables {
  readonly #store: MeshStore
  readonly #puts = new Map<TableName, Map<string, Uint8Array | undefined>>()
  readonly #notes = new Map<string, NoteWords | undefined>()
  readonly entries: NewEntry[] = []
  readonly evidence: Batch['evidence'][number][] = []

  constructor(store: MeshStore) {
    this.#store = store
  }

  get isEmpty(): boolean {
    return this.entries.length === 0 && this.#puts.size === 0 && this.#notes.size === 0 && this.evidence.length === 0
  }

  get(table: TableName, key: string): Uint8Array | undefined {
    const staged = this.#puts.get(table)
    return staged?.has(key) ? staged.get(key) : this.#store.get(table, key)
  }

  put(table: TableName, key: string, value: Uint8Array | undefined): void {
    let staged = this.#puts.get(table)
    if (!staged) this.#puts.set(table, (staged = new Map()))
    staged.set(key, value)
  }

  index(note: string, words: NoteWords | undefined): void {
    this.#notes.set(note, words)
  }

  commit(): void {
    if (this.isEmpty) return
    const puts = [...this.#puts].flatMap(([table, rows]) => [...rows].map(([key, value]) => ({ table, key, value })))
    const notes = [...this.#notes].map(([note, words]) => ({ note, words }))
    this.#store.commit({ entries: this.entries, puts, notes, evidence: this.evidence })
  }
}
