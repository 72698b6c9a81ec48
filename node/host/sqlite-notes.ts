/** Full-text search of notes in SQLite (FTS5). */
import type { Phrase } from '../../crdt/docs/search-words.ts'
import { compareKeys } from '../peer/memory-store-keys.ts'
import { splitPhrases, splitWords } from '../peer/memory-store-words.ts'
import type { Batch, MeshStore } from '../ports/store.ts'
import { asNumber, asText } from './sqlite-columns.ts'
import type { Database } from './sqlite-database.ts'
import { lazily } from './sqlite-tables.ts'

export type SqliteNotes = Pick<MeshStore, 'search'> & {
  /** Within a transaction. */
  put(notes: Batch['notes']): void
  /** Within a transaction. */
  clear(): void
}

export function sqliteNotes(database: Database): SqliteNotes {
  const statements = lazily(() => prepare(database))
  let last: number | undefined
  return {
    search: (phrases, tags, limit) => {
      const match = matchExpression(splitPhrases(phrases), tags)
      if (match === undefined || limit <= 0) return []
      const sql = statements()
      const found = sql.best.all(match, limit + 1).map(([n, rank]) => ({ n: asNumber(n), rank: asNumber(rank) }))
      const last = found[limit - 1]
      // Where the limit cuts through notes of equal rank, their ids decide, as on every other peer (rule C1), not the order they came in.
      const cut = last !== undefined && found[limit]?.rank === last.rank
      const better = cut ? found.filter(({ rank }) => rank < last.rank) : found.slice(0, limit)
      const tied = cut ? sql.tied.all(match, last.rank, limit - better.length).map(([note]) => ({ note: asText(note), score: -last.rank })) : []
      const named = better.map(({ n, rank }) => ({ note: asText(sql.nameOf.get(n)?.[0]), score: -rank }))
      return [...named.sort(bestFirst), ...tied]
    },
    put: (notes) => {
      const sql = statements()
      for (const { note, words } of notes) {
        const row = sql.numberOf.get(note)
        if (row) {
          const before = asNumber(row[0])
          sql.unindex.run(before)
          sql.forget.run(before)
        }
        if (words === undefined) continue
        // A new number each time: FTS5 is fast only where numbers rise.
        last ??= asNumber(sql.last.get()?.[0])
        const texts = [splitWords(words.words).join(' '), [...new Set(words.tags)].map(tagToken).join(' ')]
        sql.add.run(++last, note, ...texts)
        sql.index.run(last, ...texts)
      }
    },
    clear: () => {
      database.exec(`DELETE FROM note; INSERT INTO note_words (note_words) VALUES ('delete-all')`)
    },
  }
}

/** Every word is a quoted token of letters and digits, so nothing that was typed can be read as an operator. */
function matchExpression(phrases: readonly Phrase[], tags: readonly string[]): string | undefined {
  const words = phrases.map((phrase) => `"${phrase.words.join(' ')}"${phrase.prefix ? ' *' : ''}`)
  const parts = [
    ...(words.length > 0 ? [`words : (${words.join(' AND ')})`] : []),
    ...(tags.length > 0 ? [`tags : (${tags.map((tag) => `"${tagToken(tag)}"`).join(' AND ')})`] : []),
  ]
  return parts.length > 0 ? parts.join(' AND ') : undefined
}

/** A tag, whatever is in it, as one token. */
const tagToken = (tag: string): string => `t${Buffer.from(tag, 'utf8').toString('hex')}`

function bestFirst(a: { note: string; score: number }, b: { note: string; score: number }): number {
  return b.score - a.score || compareKeys(a.note, b.note)
}

/** The lower, the better. Tags are no words: they weigh nothing. */
const bm25 = 'bm25(note_words, 1.0, 0.0)'

function prepare(database: Database) {
  return {
    // Sorting by this function is a third faster than by the hidden column `rank`.
    best: database.prepare(`SELECT rowid, ${bm25} AS score FROM note_words WHERE note_words MATCH ? ORDER BY score LIMIT ?`),
    tied: database.prepare(`
      SELECT CAST(note AS BLOB) FROM (SELECT rowid AS n FROM note_words WHERE note_words MATCH ? AND ${bm25} = ?) JOIN note USING (n)
      ORDER BY note LIMIT ?`),
    nameOf: database.prepare('SELECT CAST(note AS BLOB) FROM note WHERE n = ?'),
    last: database.prepare('SELECT ifnull(max(n), 0) FROM note'),
    numberOf: database.prepare('SELECT n FROM note WHERE note = ?'),
    forget: database.prepare('DELETE FROM note WHERE n = ?'),
    add: database.prepare('INSERT INTO note (n, note, words, tags) VALUES (?, ?, ?, ?)'),
    // Reads what it takes out of the index from the row in `note`, which goes after it.
    unindex: database.prepare('DELETE FROM note_words WHERE rowid = ?'),
    index: database.prepare('INSERT INTO note_words (rowid, words, tags) VALUES (?, ?, ?)'),
  }
}
