/** Shared memory: notes are registers of the document `memory`, found by full-text search. */
import { readRegister } from '../../../crdt/docs/registers.ts'
import { parseQuery, toWords } from '../../../crdt/docs/search-words.ts'
import { toHex } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Random } from '../../ports/runtime.ts'
import type { MemoryService, Note } from '../../ports/services.ts'
import { authorOf } from './author-of.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import { parseNote } from '../replica/note-value.ts'

const doc = 'memory'

export function memoryService(mesh: () => RunningMesh, random: Random): MemoryService {
  return {
    async remember({ text, tags }) {
      const size = new TextEncoder().encode(text).length
      if (text.trim() === '') throw new AtollError('bad_input', { what: 'A note needs some text.' })
      if (size > limits.noteBytes) throw new AtollError('value_too_large', { what: 'The note', size, limit: limits.noteBytes })
      const id = toHex(random.bytes(8))
      const value = JSON.stringify({ text, tags: tidy(tags) })
      const [written] = await mesh().replica.write([{ type: 'set', doc, key: id, value }])
      return { id, at: written?.clock.ms ?? 0 }
    },
    async recall({ query, limit, tags }) {
      const found = mesh().replica.store.search(parseQuery(query), tidy(tags), limit)
      return found.flatMap(({ note, score }): Note[] => {
        const [version] = readRegister(mesh().replica.store, doc, note)
        const value = version && !version.deleted ? parseNote(version.value) : undefined
        return version && value ? [{ id: note, ...value, by: authorOf(mesh().names, version), at: version.clock.ms, score }] : []
      })
    },
    async forget(typed) {
      const id = fullId(mesh(), typed)
      await mesh().replica.write([{ type: 'delete', doc, key: id }])
      return { id }
    },
  }
}

/** An id may be typed as its beginning, where only one note begins so. */
function fullId(mesh: RunningMesh, typed: string): string {
  const prefix = `${doc}\0`
  const rows = mesh.replica.store.scan('register', { prefix: prefix + typed, limit: 8 })
  const ids = rows.map(([key]) => key.slice(prefix.length)).filter((id) => readRegister(mesh.replica.store, doc, id)[0]?.deleted === false)
  const [only] = ids
  if (only === undefined || (ids.length > 1 && !ids.includes(typed)) || typed === '') throw new AtollError('note_unknown', { id: typed })
  return ids.includes(typed) ? typed : only
}

function tidy(tags: readonly string[]): string[] {
  const tidied = [...new Set(tags.map((tag) => toWords(tag).trim().replace(/\s+/g, '-')).filter((tag) => tag !== ''))]
  if (tidied.length > limits.tagsPerNote) throw new AtollError('bad_input', { what: `A note carries at most ${limits.tagsPerNote} tags.` })
  const long = tidied.find((tag) => tag.length > limits.tagBytes)
  if (long !== undefined) throw new AtollError('bad_input', { what: `The tag ${long.slice(0, 20)}… is longer than ${limits.tagBytes} characters.` })
  return tidied
}
