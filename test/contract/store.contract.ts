/** What every MeshStore keeps (node/ports/store.ts; rules D1, D2, D3): entries, tables, notes. Failures: store-failures.contract.ts. */
import { describe, expect, test } from 'vitest'
import type { EntryId } from '../../crdt/wire/ids.ts'
import { allTables, batch, deviceOf, entry, entryIdOf, keys, logOf, putsOf } from './store-samples.ts'
import type { StoreKind } from './store-subjects.ts'

export function entriesContract({ name, create }: StoreKind): void {
  describe(`${name}: entries`, () => {
    test('a fresh store is empty', () => {
      using subject = create()
      const { store } = subject
      expect([store.logs(), store.evidence(), store.replay('content', 0, 9), store.replay('membership', 0, 9)]).toEqual([[], [], [], []])
      expect([store.has(entryIdOf(1, 1)), store.byId(entryIdOf(1, 1)), store.idAt(logOf(1), 1), store.read(logOf(1), 0, 9)]).toEqual([false, undefined, undefined, []])
      expect(allTables.map((table) => [store.get(table, 'key'), store.count(table), store.scan(table, { limit: 9 })])).toEqual(allTables.map(() => [undefined, 0, []]))
    })

    test('an entry is found by id, by place and in its log', () => {
      using subject = create()
      const { store } = subject
      store.commit(batch({ entries: [entry(1), entry(2, { vouched: true }), entry(1, { log: 2, type: 'membership' })] }))
      const { bytes } = entry(2)
      expect(store.byId(entryIdOf(1, 2))).toEqual({ seq: 2, vouched: true, bytes, log: logOf(1) })
      expect([store.has(entryIdOf(1, 2)), store.has(entryIdOf(1, 3))]).toEqual([true, false])
      expect([store.idAt(logOf(1), 1), store.idAt(logOf(1), 2), store.idAt(logOf(1), 3), store.idAt(logOf(1), 0)]).toEqual([entryIdOf(1, 1), entryIdOf(1, 2), undefined, undefined])
      expect(store.logs()).toEqual([
        { log: logOf(1), type: 'content', device: deviceOf(1), seq: 2, id: entryIdOf(1, 2) },
        { log: logOf(2), type: 'membership', device: deviceOf(2), seq: 1, id: entryIdOf(2, 1) },
      ])
    })

    test('ids that begin alike are different ids', () => {
      using subject = create()
      const { store } = subject
      const [one, two, three] = ['00', '01', '02'].map((end) => `${'ab'.repeat(31)}${end}`) as [EntryId, EntryId, EntryId]
      store.commit(batch({ entries: [{ ...entry(1), id: one }, { ...entry(2), id: two }, entry(3), entry(4), entry(5)] }))
      store.commit(batch({ entries: [entry(6)] }))
      expect([store.byId(one)?.seq, store.byId(two)?.seq, store.has(three)]).toEqual([1, 2, false])
    })

    test('read gives a log in order, as much as the bound allows and one entry at least', () => {
      using subject = create()
      const { store } = subject
      for (let seq = 1; seq <= 9; seq++) store.commit(batch({ entries: [entry(seq), entry(seq, { log: 2 })] }))
      const seqs = (after: number, maxBytes: number): number[] => store.read(logOf(1), after, maxBytes).map(({ seq }) => seq)
      expect([seqs(0, 1e6), seqs(6, 1e6), seqs(9, 1e6), seqs(50, 1e6)]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8, 9], [7, 8, 9], [], []])
      expect([seqs(0, 0), seqs(0, 19), seqs(0, 20), seqs(0, 39), seqs(3, 40), seqs(0, 41)]).toEqual([[1], [1], [1], [1], [4, 5], [1, 2]])
      expect(store.read(logOf(1), 2, 0)[0]?.bytes).toEqual(entry(3).bytes)
    })

    test('replay gives the entries of one type in the order they came, page by page', () => {
      using subject = create()
      const { store } = subject
      const came = [entry(1), entry(1, { log: 2, type: 'membership' }), entry(1, { log: 3 }), entry(2), entry(2, { log: 2, type: 'membership' }), entry(3)]
      for (const one of came) store.commit(batch({ entries: [one] }))
      const seen: (readonly [string, Uint8Array])[] = []
      let position = 0
      for (let page = store.replay('content', 0, 3); page.length > 0; page = store.replay('content', position, 3)) {
        seen.push(...page.map(({ log, bytes }) => [log, bytes] as const))
        position = page.at(-1)!.position
      }
      expect(seen).toEqual([came[0], came[2], came[3], came[5]].map((one) => [one!.log, one!.bytes]))
      expect(store.replay('membership', 0, 9).map(({ log, bytes }) => [log, bytes])).toEqual([came[1], came[4]].map((one) => [one!.log, one!.bytes]))
      const all = [...store.replay('content', 0, 9), ...store.replay('membership', 0, 9)].map((one) => one.position)
      expect(new Set(all).size).toBe(6)
    })

    test('positions hold over a restart and go on rising', () => {
      using subject = create()
      const { store } = subject
      store.commit(batch({ entries: [entry(1), entry(2)] }))
      const before = store.replay('content', 0, 9)
      store.reopen()
      store.commit(batch({ entries: [entry(3)] }))
      const after = store.replay('content', 0, 9)
      expect(after.slice(0, 2)).toEqual(before)
      expect(store.replay('content', before.at(-1)!.position, 9)).toEqual(after.slice(2))
    })

    test('an entry that is there already is ignored; one that would take its place is refused, and nothing changes', () => {
      using subject = create()
      const { store } = subject
      store.commit(batch({ entries: [entry(1), entry(2, { vouched: true }), entry(3)] }))
      store.commit(batch({ entries: [entry(2), entry(3), entry(4), entry(4)], puts: putsOf('meta', { a: 1 }) }))
      expect(store.replay('content', 0, 9)).toHaveLength(4)
      expect(store.byId(entryIdOf(1, 2))?.vouched).toBe(true)
      for (const seq of [2, 4]) {
        const usurper = { ...entry(seq), id: entryIdOf(9, 9) }
        expect(() => store.commit(batch({ entries: [entry(5), usurper], puts: putsOf('meta', { a: 2 }) }))).toThrow(/take the place/)
      }
      expect(() => store.commit(batch({ entries: [entry(5), { ...entry(5), id: entryIdOf(9, 9) }] }))).toThrow(/take the place/)
      expect([store.logs()[0]?.seq, store.get('meta', 'a')]).toEqual([4, Uint8Array.of(1)])
    })

    test('large entries and values come back byte for byte', () => {
      using subject = create()
      const { store } = subject
      const large = Uint8Array.from({ length: 240 * 1024 }, (_, i) => (i * i) & 0xff)
      store.commit(batch({ entries: [entry(1, { bytes: large })], puts: [{ table: 'register', key: 'large', value: large }, { table: 'register', key: 'empty', value: new Uint8Array() }] }))
      store.reopen()
      expect(Buffer.compare(store.read(logOf(1), 0, 1)[0]!.bytes, large)).toBe(0)
      expect(Buffer.compare(store.get('register', 'large')!, large)).toBe(0)
      expect(store.get('register', 'empty')).toEqual(new Uint8Array())
      expect(store.bytes()).toBeGreaterThanOrEqual(2 * large.length)
    })

    test('entries and evidence that were handed in may change afterwards', () => {
      using subject = create()
      const { store } = subject
      const bytes = Uint8Array.of(1, 2, 3, 4)
      store.commit(batch({ entries: [entry(1, { bytes })], evidence: [{ log: logOf(1), seq: 1, run: [bytes] }] }))
      bytes.fill(9)
      expect([store.read(logOf(1), 0, 9)[0]!.bytes, store.evidence()[0]!.run[0]]).toEqual([Uint8Array.of(1, 2, 3, 4), Uint8Array.of(1, 2, 3, 4)])
    })

    test('evidence is kept once for each branch, grows with it, and is not cut short', () => {
      using subject = create()
      const { store } = subject
      const [a, b, c] = [1, 2, 3].map((n) => Uint8Array.of(n, n)) as [Uint8Array, Uint8Array, Uint8Array]
      store.commit(batch({ evidence: [{ log: logOf(1), seq: 3, run: [a] }, { log: logOf(1), seq: 3, run: [b] }, { log: logOf(2), seq: 3, run: [a] }] }))
      store.commit(batch({ evidence: [{ log: logOf(1), seq: 3, run: [a, c] }] }))
      store.commit(batch({ evidence: [{ log: logOf(1), seq: 3, run: [a, b] }] }))
      store.reopen()
      expect(store.evidence()).toEqual([{ log: logOf(1), seq: 3, run: [a, c] }, { log: logOf(1), seq: 3, run: [b] }, { log: logOf(2), seq: 3, run: [a] }, { log: logOf(1), seq: 3, run: [a, b] }])
    })
  })
}

export function tablesContract({ name, create }: StoreKind): void {
  describe(`${name}: tables`, () => {
    test('a put replaces, undefined deletes, and the last put of a batch counts', () => {
      using subject = create()
      const { store } = subject
      store.commit(batch({ puts: putsOf('register', { a: 1, b: 1, c: 1 }) }))
      store.commit(batch({ puts: [...putsOf('register', { a: 2, b: undefined, d: undefined, e: 1 }), ...putsOf('register', { e: undefined, f: 1 }), ...putsOf('register', { f: 2 })] }))
      const all = { a: 2, c: 1, f: 2 }
      expect(store.scan('register', { limit: 9 })).toEqual(Object.entries(all).map(([key, value]) => [key, Uint8Array.of(value)]))
      expect(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => store.get('register', key)?.[0])).toEqual([2, undefined, 1, undefined, undefined, 2])
      expect(store.count('register')).toBe(3)
      store.reopen()
      expect([store.count('register'), store.get('register', 'a')]).toEqual([3, Uint8Array.of(2)])
    })

    test('every table is there, and keeps to itself', () => {
      using subject = create()
      const { store } = subject
      store.commit(batch({ puts: allTables.map((table, i) => ({ table, key: 'key', value: Uint8Array.of(i) })) }))
      expect(allTables.map((table) => store.get(table, 'key')?.[0])).toEqual(allTables.map((_, i) => i))
    })

    // In the order of their code points; JavaScript's own order has the emoji before the private letter.
    const strange = ['', '\0', '\0\0', '\0a', ' ', '%', '%%', '*', 'A', '[', '\\', '_', 'a', 'a\0', 'a\0b', 'a\0b\0', 'a\u0001', 'aB', 'a_', 'ab', 'é', '中', '\uE000', '\uFFFD', '\uFFFF', '\u{1F600}', '\u{1F600}a', '\u{10FFFF}', '\u{10FFFF}\u{10FFFF}']

    test('keys of any text are kept apart and in the order of their code points', () => {
      using subject = create()
      const { store } = subject
      const shuffled = [...strange].sort((a, b) => (hash(a) < hash(b) ? -1 : 1))
      for (const key of shuffled) store.commit(batch({ puts: [{ table: 'receipt', key, value: new TextEncoder().encode(`is ${key}`) }] }))
      expect(keys(store.scan('receipt', { limit: 99 }))).toEqual(strange)
      expect(keys(store.scan('receipt', { limit: 99, reverse: true }))).toEqual([...strange].reverse())
      for (const key of strange) expect(new TextDecoder().decode(store.get('receipt', key)!)).toBe(`is ${key}`)
      store.reopen()
      expect(keys(store.scan('receipt', { limit: 99 }))).toEqual(strange)
    })

    test('prefix, after, limit and reverse agree with a plain filter', () => {
      using subject = create()
      const { store } = subject
      store.commit(batch({ puts: strange.filter((_, i) => i % 2 === 0).map((key) => ({ table: 'receipt', key, value: new Uint8Array() })) }))
      store.commit(batch({ puts: strange.filter((_, i) => i % 2 === 1).map((key) => ({ table: 'receipt', key, value: new Uint8Array() })) }))
      const places = new Map(strange.map((key, i) => [key, i]))
      for (const prefix of [undefined, '', 'a', 'a\0', 'a\0b', '\0', '%', '_', '\u{1F600}', '\u{10FFFF}', 'nothing']) {
        for (const after of [undefined, ...strange]) {
          for (const reverse of [false, true]) {
            const expected = strange.filter((key) => key.startsWith(prefix ?? '') && (after === undefined || (reverse ? places.get(key)! < places.get(after)! : places.get(key)! > places.get(after)!)))
            if (reverse) expected.reverse()
            for (const limit of [0, 1, 2, 99]) {
              const found = store.scan('receipt', { limit, reverse, ...(prefix === undefined ? {} : { prefix }), ...(after === undefined ? {} : { after }) })
              expect({ prefix, after, reverse, limit, found: keys(found) }).toEqual({ prefix, after, reverse, limit, found: expected.slice(0, limit) })
            }
          }
        }
      }
    })

    test('half a surrogate pair in a key is the caller\'s bug, found before anything is written', () => {
      using subject = create()
      const { store } = subject
      for (const key of ['\uD83D', 'a\uDE00b']) {
        expect(() => store.commit(batch({ puts: [...putsOf('meta', { a: 1 }), { table: 'meta', key, value: new Uint8Array() }] }))).toThrow(/surrogate/)
        expect(() => store.get('meta', key)).toThrow(/surrogate/)
        expect(() => store.scan('meta', { prefix: key, limit: 1 })).toThrow(/surrogate/)
      }
      expect(store.count('meta')).toBe(0)
    })
  })
}

const hash = (text: string): number => Array.from(text).reduce((sum, character) => Math.imul(sum, 31) + character.codePointAt(0)!, 7)
