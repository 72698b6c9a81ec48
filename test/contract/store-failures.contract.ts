/** What a MeshStore does when its disk refuses (rule D2), and what a rebuild leaves (rule D3). */
import { describe, expect, test } from 'vitest'
import { localTables, projectionTables } from '../../crdt/docs/tables.ts'
import { StoreError, type MeshStore } from '../../node/ports/store.ts'
import { allTables, batch, entry, entryIdOf, logOf, note, putsOf, recall, stateOf } from './store-samples.ts'
import type { StoreKind, Subject } from './store-subjects.ts'

const problems = ['full', 'readonly', 'io', 'corrupt'] as const

export function failuresContract({ name, create }: StoreKind): void {
  describe(`${name}: failures`, () => {
    for (const when of ['before', 'after'] as const) {
      test(`D2: a commit that fails ${when} any of its steps is there whole or not at all after reopening, and then goes through`, () => {
        const done = after(create)
        let n = 0
        for (; ; n++) {
          using subject = create()
          const { store } = subject
          fill(store)
          const before = stateOf(store)
          subject.failCommit(n, when, 'io')
          if (!refuses(subject, () => store.commit(second))) break
          expectClosed(store, 'io')
          store.reopen()
          const found = stateOf(store)
          expect(when === 'before' ? [before] : [before, done], `step ${n}`).toContainEqual(found)
          store.commit(second)
          expect(stateOf(store), `step ${n}`).toEqual(done)
        }
        // So many steps were tried.
        expect(n).toBeGreaterThan(name === 'memory' ? 0 : 10)
      })
    }

    for (const problem of problems) {
      test(`D2: ${problem} is told as such, until the disk takes it back`, () => {
        using subject = create()
        const { store } = subject
        fill(store)
        const before = stateOf(store)
        subject.failCommit(0, 'before', problem)
        expect(problemOf(() => store.commit(second))).toBe(problem)
        expectClosed(store, problem)
        // A file found damaged at reopening is set aside instead: test/fault/store-corrupt.test.ts.
        if (problem !== 'corrupt') subject.failReopen('io')
        expect(problemOf(() => store.reopen())).toBe(problem === 'corrupt' ? 'none' : 'io')
        expect(problemOf(() => store.get('meta', 'a'))).toBe(problem === 'corrupt' ? 'none' : problem)
        store.reopen()
        expect(stateOf(store)).toEqual(before)
      })
    }

    test('D2: a rebuild that fails at any step leaves the projections whole or empty', () => {
      for (let n = 0; ; n++) {
        using subject = create()
        const { store } = subject
        fill(store)
        const before = stateOf(store)
        subject.failCommit(n, 'before', 'full')
        if (!refuses(subject, () => store.clearProjections())) break
        store.reopen()
        expect(stateOf(store), `step ${n}`).toEqual(before)
      }
    })

    test('D3: clearing the projections keeps entries, evidence and what belongs to this device', () => {
      using subject = create()
      const { store } = subject
      fill(store)
      const before = stateOf(store) as { content: unknown; membership: unknown; evidence: unknown; logs: unknown }
      for (let again = 0; again < 2; again++) {
        store.clearProjections()
        const { content, membership, evidence, logs } = stateOf(store) as typeof before
        expect({ content, membership, evidence, logs }).toEqual({ content: before.content, membership: before.membership, evidence: before.evidence, logs: before.logs })
        expect(projectionTables.map((table) => [store.count(table), store.get(table, 'both'), store.scan(table, { limit: 9 })])).toEqual(projectionTables.map(() => [0, undefined, []]))
        expect(localTables.map((table) => [store.count(table), store.get(table, 'both')])).toEqual(localTables.map(() => [2, Uint8Array.of(2)]))
        expect(recall(store, 'one')).toEqual([])
        store.reopen()
      }
      store.commit(batch({ puts: putsOf('register', { again: 1 }), notes: [note('n1', 'one more')] }))
      expect([store.count('register'), recall(store, 'one')]).toEqual([1, ['n1']])
    })

    test('a closed store answers nothing, closes again quietly, and opens again as it was', () => {
      using subject = create()
      const { store } = subject
      fill(store)
      const before = stateOf(store)
      store.close()
      store.close()
      expectClosed(store, 'io')
      store.reopen()
      expect(stateOf(store)).toEqual(before)
      store.reopen()
      expect(stateOf(store)).toEqual(before)
    })
  })
}

function fill(store: MeshStore): void {
  store.commit(batch({
    entries: [entry(1), entry(2), entry(1, { log: 2, type: 'membership' })],
    puts: allTables.flatMap((table) => putsOf(table, { both: 1, first: 1, gone: 1 })),
    notes: [note('n1', 'one alpha'), note('n2', 'two alpha', 'tag')],
    evidence: [{ log: logOf(1), seq: 2, run: [Uint8Array.of(1)] }],
  }))
  store.commit(batch({ puts: allTables.flatMap((table) => putsOf(table, { both: 2, gone: undefined })) }))
}

const second = batch({
  entries: [entry(3), entry(2, { log: 2, type: 'membership' }), entry(1, { log: 3 })],
  puts: [...putsOf('register', { both: 3, third: 3, first: undefined }), ...putsOf('meta', { third: 3 })],
  notes: [note('n1', 'one changed'), { note: 'n2', words: undefined }, note('n3', 'two words')],
  evidence: [{ log: logOf(1), seq: 2, run: [Uint8Array.of(1), Uint8Array.of(2)] }, { log: logOf(3), seq: 1, run: [Uint8Array.of(3)] }],
})

function after(create: StoreKind['create']): unknown {
  using subject = create()
  fill(subject.store)
  subject.store.commit(second)
  return stateOf(subject.store)
}

/** @returns false when the commit had fewer steps than planned and went through */
function refuses(subject: Subject, commit: () => void): boolean {
  const refused = problemOf(commit) !== 'none'
  expect(subject.struck()).toBe(refused)
  return refused
}

function problemOf(step: () => unknown): string {
  try {
    step()
  } catch (error) {
    if (error instanceof StoreError) return error.problem
    throw error
  }
  return 'none'
}

function expectClosed(store: MeshStore, problem: string): void {
  const questions: (() => unknown)[] = [
    () => store.logs(), () => store.has(entryIdOf(1, 1)), () => store.byId(entryIdOf(1, 1)), () => store.idAt(logOf(1), 1),
    () => store.read(logOf(1), 0, 1), () => store.replay('content', 0, 1), () => store.evidence(), () => store.get('meta', 'a'),
    () => store.scan('meta', { limit: 1 }), () => store.count('meta'), () => store.search([], ['tag'], 1),
    () => store.commit(batch({})), () => store.clearProjections(),
  ]
  expect(questions.map(problemOf)).toEqual(questions.map(() => problem))
}
