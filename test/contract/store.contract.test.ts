import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseQuery } from '../../crdt/docs/search-words.ts'
import { entriesContract, tablesContract } from './store.contract.ts'
import { failuresContract } from './store-failures.contract.ts'
import { allTables, batch, entry, note, recall } from './store-samples.ts'
import { searchContract } from './store-search.contract.ts'
import { storeKinds, type Subject } from './store-subjects.ts'

for (const kind of storeKinds) {
  entriesContract(kind)
  tablesContract(kind)
  searchContract(kind)
  failuresContract(kind)
}

describe('all stores', () => {
  const word = fc.constantFrom('tide', 'tides', 'reef', 'réef', 'atoll', '東京', '東', 'a_b', 'b', 'x1')
  const text = fc.array(word, { maxLength: 8 }).map((words) => words.join(' '))
  const key = fc.string({ unit: fc.constantFrom('\0', 'a', 'b', '%', '中', '\uFFFF', '\u{1F600}'), maxLength: 4 })
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant('put'), table: fc.constantFrom('register', 'meta'), key, value: fc.option(fc.uint8Array({ maxLength: 3 }), { nil: undefined }) }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('note'), note: fc.constantFrom('n1', 'n2', 'n3', 'n4', 'n\uFFFF', 'n\u{1F600}'), text: fc.option(text, { nil: undefined }), tag: fc.constantFrom('t1', 't2') }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('entry'), log: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 1, arbitrary: fc.constantFrom({ type: 'commit' }, { type: 'reopen' }, { type: 'clear' }) },
  )

  test('answer alike after any history', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), fc.array(text, { maxLength: 3 }), fc.record({ prefix: key, after: fc.option(key, { nil: undefined }), limit: fc.integer({ min: 0, max: 6 }), reverse: fc.boolean() }), (steps, queries, scan) => {
      const [first, ...others] = storeKinds.map(({ create }) => {
        using subject = create()
        live(subject, steps as Step[])
        const { store } = subject
        return JSON.stringify([
          store.logs(), store.replay('content', 0, 99),
          allTables.map((table) => [store.count(table), store.scan(table, { limit: 99 })]),
          store.scan('register', { prefix: scan.prefix, limit: scan.limit, reverse: scan.reverse, ...(scan.after === undefined ? {} : { after: scan.after }) }),
          queries.map((query) => [recall(store, query), recall(store, `"${query}"`, ['t1'], 2), scores(store.search(parseQuery(`${query}*`), [], 3))]),
        ], (_, value: unknown) => (value instanceof Uint8Array ? [...value] : value))
      })
      for (const other of others) expect(other).toBe(first)
    }), { numRuns: 60 })
  })
})

interface Step {
  readonly type: 'put' | 'note' | 'entry' | 'commit' | 'reopen' | 'clear'
  readonly table: 'register' | 'meta'
  readonly key: string
  readonly value: Uint8Array | undefined
  readonly note: string
  readonly text: string | undefined
  readonly tag: string
  readonly log: number
}

function live({ store }: Subject, steps: readonly Step[]): void {
  const seqs = new Map<number, number>()
  let open = { entries: [] as ReturnType<typeof entry>[], puts: [] as { table: 'register' | 'meta'; key: string; value: Uint8Array | undefined }[], notes: [] as ReturnType<typeof note>[] }
  const commit = (): void => {
    store.commit(batch(open))
    open = { entries: [], puts: [], notes: [] }
  }
  for (const step of steps) {
    if (step.type === 'put') open.puts.push({ table: step.table, key: step.key, value: step.value })
    else if (step.type === 'note') open.notes.push(step.text === undefined ? { note: step.note, words: undefined } : note(step.note, step.text, step.tag))
    else if (step.type === 'entry') {
      seqs.set(step.log, (seqs.get(step.log) ?? 0) + 1)
      open.entries.push(entry(seqs.get(step.log)!, { log: step.log }))
    } else commit()
    if (step.type === 'reopen') store.reopen()
    if (step.type === 'clear') store.clearProjections()
  }
  commit()
}

/** Rounded: the two sums of logarithms may differ in their last bit. */
const scores = (found: readonly { note: string; score: number }[]): unknown => found.map(({ note: id, score }) => [id, score.toPrecision(9)])
