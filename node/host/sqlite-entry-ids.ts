/**
 * Finds the position of an entry by its id. Ids are hashes, so each new one lands on a page of its own; they wait in
 * memory until they are many and go into their tree sorted. What waits is read from the entries themselves at a start.
 */
import type { EntryId } from '../../crdt/wire/ids.ts'
import type { Database } from './sqlite-database.ts'
import { asHex, asNumber, toBlob } from './sqlite-columns.ts'

export interface EntryIds {
  /** Where the entry with this id lies. */
  find(id: EntryId): number | undefined
  /** Within a transaction. */
  add(ids: readonly EntryId[], from: number): void
  /** The transaction is durable. */
  done(): void
}

export function entryIds(database: Database, mostRecent: number): EntryIds {
  // Eight bytes of an id find its row, the row has the rest: a third of a whole index.
  const find = database.prepare('SELECT position FROM entry_id JOIN entry USING (position) WHERE start = ? AND id = ?')
  const insert = database.prepare('INSERT INTO entry_id (start, position) VALUES (?, ?)')
  const mark = database.prepare('UPDATE indexed SET position = ?')
  const recent = new Map<EntryId, number>()
  for (const [id, position] of database.prepare('SELECT id, position FROM entry WHERE position > (SELECT position FROM indexed)').iterate()) {
    recent.set(asHex(id) as EntryId, asNumber(position))
  }
  let moved = false
  let staged: readonly (readonly [EntryId, number])[] = []

  return {
    find: (id) => {
      const position = recent.get(id)
      if (position !== undefined) return position
      const whole = toBlob(id)
      const row = find.get(whole.subarray(0, 8), whole)
      return row && asNumber(row[0])
    },
    add: (ids, from) => {
      if (recent.size > mostRecent) {
        for (const id of [...recent.keys()].sort()) insert.run(toBlob(id.slice(0, 16)), recent.get(id) as number)
        mark.run(from - 1)
        moved = true
      }
      staged = ids.map((id, i) => [id, from + i])
    },
    done: () => {
      if (moved) recent.clear()
      moved = false
      for (const [id, position] of staged) recent.set(id, position)
      staged = []
    },
  }
}
