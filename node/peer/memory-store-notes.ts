/** Full-text search in memory: the same notes, in the same order, as SQLite's FTS5 with its bm25. */
import type { NoteWords } from '../../crdt/docs/tables.ts'
import type { Phrase } from '../../crdt/docs/search-words.ts'
import { compareKeys } from './memory-store-keys.ts'
import { splitPhrases, splitWords } from './memory-store-words.ts'

interface Note {
  readonly words: readonly string[]
  readonly tags: ReadonlySet<string>
}

export class MemoryNotes {
  readonly #notes: Map<string, Note>
  /** Which notes a word occurs in. */
  readonly #byWord = new Map<string, Set<string>>()
  /** Words and tags of all notes together. */
  #length = 0

  constructor(notes: ReadonlyMap<string, Note> = new Map()) {
    this.#notes = new Map()
    for (const [note, words] of notes) this.#add(note, words)
  }

  get notes(): ReadonlyMap<string, Note> {
    return this.#notes
  }

  put(note: string, words: NoteWords | undefined): void {
    this.#remove(note)
    if (words) this.#add(note, { words: splitWords(words.words), tags: new Set(words.tags) })
  }

  search(phrases: readonly Phrase[], tags: readonly string[], limit: number): readonly { readonly note: string; readonly score: number }[] {
    const wanted = splitPhrases(phrases)
    if ((wanted.length === 0 && tags.length === 0) || limit <= 0) return []
    const hits = wanted.map((phrase) => this.#occurrences(phrase))
    const weights = hits.map((hit) => Math.max(Math.log((this.#notes.size - hit.size + 0.5) / (hit.size + 0.5)), 1e-6))
    const found: { note: string; score: number }[] = []
    for (const note of hits[0]?.keys() ?? this.#notes.keys()) {
      const { words, tags: carried } = this.#notes.get(note) as Note
      if (!hits.every((hit) => hit.has(note)) || !tags.every((tag) => carried.has(tag))) continue
      const long = (words.length + carried.size) / (this.#length / this.#notes.size)
      const score = hits.reduce((sum, hit, i) => sum + (weights[i] as number) * saturated(hit.get(note) as number, long), 0)
      found.push({ note, score })
    }
    return found.sort((a, b) => b.score - a.score || compareKeys(a.note, b.note)).slice(0, limit)
  }

  /** How often a phrase stands in each note that has it. */
  #occurrences({ words, prefix }: Phrase): ReadonlyMap<string, number> {
    const found = new Map<string, number>()
    for (const note of this.#candidates(words, prefix)) {
      const count = occurrences((this.#notes.get(note) as Note).words, words, prefix)
      if (count > 0) found.set(note, count)
    }
    return found
  }

  #candidates(words: readonly string[], prefix: boolean): Iterable<string> {
    const last = words.at(-1) as string
    if (words.length > 1 || !prefix) return this.#byWord.get(words[0] as string) ?? []
    const notes = new Set<string>()
    for (const [word, those] of this.#byWord) if (word.startsWith(last)) for (const note of those) notes.add(note)
    return notes
  }

  #add(note: string, words: Note): void {
    this.#notes.set(note, words)
    this.#length += words.words.length + words.tags.size
    for (const word of words.words) {
      const notes = this.#byWord.get(word)
      if (notes) notes.add(note)
      else this.#byWord.set(word, new Set([note]))
    }
  }

  #remove(note: string): void {
    const before = this.#notes.get(note)
    if (!before) return
    this.#notes.delete(note)
    this.#length -= before.words.length + before.tags.size
    for (const word of before.words) {
      const notes = this.#byWord.get(word)
      notes?.delete(note)
      if (notes?.size === 0) this.#byWord.delete(word)
    }
  }
}

/** bm25 with FTS5's constants (k1 1.2, b 0.75). */
function saturated(count: number, long: number): number {
  return (count * 2.2) / (count + 1.2 * (0.25 + 0.75 * long))
}

function occurrences(text: readonly string[], words: readonly string[], prefix: boolean): number {
  let count = 0
  for (let at = 0; at + words.length <= text.length; at++) {
    if (words.every((word, i) => (prefix && i === words.length - 1 ? (text[at + i] as string).startsWith(word) : text[at + i] === word))) count++
  }
  return count
}
