/** What full-text search finds, the same in every MeshStore. */
import { describe, expect, test } from 'vitest'
import { parseQuery } from '../../crdt/docs/search-words.ts'
import { batch, note, recall } from './store-samples.ts'
import type { StoreKind } from './store-subjects.ts'

export function searchContract({ name, create }: StoreKind): void {
  describe(`${name}: search`, () => {
    const notes = [
      note('build', 'The build fails on Node 22: run `npm ci` again (see docs/build-notes.md).', 'ci', 'node'),
      note('café', 'Café crème à la carte; naïve façade, Łódź, Straße, ΜΆΪΟΣ', 'food'),
      note('deploy', 'Deploy the build to staging before the build goes to production', 'ci', 'ops team'),
      note('hindi', 'हिन्दी में खोज काम करती है'),
      note('中文', '全文搜索在北京和东京都可以用', '标签'),
      note('日本', '東京タワーの全文検索はどこでも動く', 'ci'),
      note('thai', 'ค้นหาข้อความภาษาไทยได้'),
      note('korean', '한국어 검색도 된다'),
      note('russian', 'Поиск ещё идёт, йод и иод разные слова'),
      note('arabic', 'البَحْثُ باللغة العربية'),
      note('signs', 'C++ and foo_bar, x-y:z "quoted" NEAR/2 AND OR NOT a*b (c) ^d {e} e=mc²'),
      note('emoji', 'ship it 🚀 today'),
    ]
    const finds = (query: string, expected: string[], tags: string[] = []): void => {
      using subject = create()
      subject.store.commit(batch({ notes }))
      expect({ query, found: [...recall(subject.store, query, tags)].sort() }).toEqual({ query, found: [...expected].sort() })
    }

    test('words, in any case, all of which must occur', () => {
      finds('build', ['build', 'deploy'])
      finds('BUILD staging', ['deploy'])
      finds('build nothing', [])
      finds('uild', [])
    })

    test('the start of a word', () => {
      finds('stag*', ['deploy'])
      finds('stag', [])
      finds('b* deplo*', ['deploy'])
      finds('"stag*"', [])
    })

    test('phrases', () => {
      finds('"build goes"', ['deploy'])
      finds('"goes build"', [])
      finds('docs/build-notes.md', ['build'])
      finds('build-not*', ['build'])
      finds('"npm ci" build', ['build'])
      finds('"the build', ['build', 'deploy'])
    })

    test('accents may be left out, and put in', () => {
      for (const query of ['cafe', 'café', 'CAFÉ', 'cafe\u0301', 'facade', 'naive creme', 'straße']) finds(query, ['café'])
      finds('lodz', [])
      finds('łodz', ['café'])
      finds('μαιος', ['café'])
      finds('еще', ['russian'])
      finds('йод', ['russian'])
      finds('й*', ['russian'])
      finds('البحث', ['arabic'])
    })

    test('languages without spaces, and with vowel marks', () => {
      finds('搜索', ['中文'])
      finds('东京', ['中文'])
      finds('全文', ['中文', '日本'])
      finds('文全', [])
      finds('タワー', ['日本'])
      finds('東京 検索', ['日本'])
      finds('ข้อความ', ['thai'])
      finds('हिन्दी', ['hindi'])
      finds('हन्दी', [])
      finds('검색*', ['korean'])
    })

    test('tags are exact and all wanted; alone they find all that carry them', () => {
      finds('build', ['build', 'deploy'], ['ci'])
      finds('build', ['deploy'], ['ci', 'ops team'])
      finds('build', [], ['ops'])
      finds('build', [], ['CI'])
      finds('', ['build', 'deploy', '日本'], ['ci'])
      finds('', ['中文'], ['标签'])
      finds('', [], ['', 'ci'])
      finds('ci', ['build'])
    })

    test('nothing that is typed is an operator, and nothing breaks', () => {
      finds('c++', ['signs'])
      finds('foo_bar', ['signs'])
      finds('foo', ['signs'])
      finds('x-y:z', ['signs'])
      finds('and or not', ['signs'])
      finds('near/2', ['signs'])
      finds('e=mc2', ['signs'])
      finds('🚀', [])
      finds('-build', ['build', 'deploy'])
      finds('words:build', [])
      finds('tags:ci', [])
      finds('_', [])
      finds('_ quoted', ['signs'])
      using subject = create()
      subject.store.commit(batch({ notes }))
      const parts = ['"', '*', 'NEAR', '-', ':', '(', ')', 'AND', 'OR', 'NOT', '^', '{', '}', '+', ',', '\\', "'", '\0', 'a', 'build', ' ', '東', '\uD83D', '\u0301', ';--']
      for (const a of parts) for (const b of parts) for (const c of ['', '"', '*', ' x']) recall(subject.store, `${a}${b}${c}`, [a, c])
      recall(subject.store, 'x'.repeat(100_000))
      recall(subject.store, 'x y '.repeat(10_000))
    })

    test('a phrase that did not come from the parser is taken as words too', () => {
      using subject = create()
      subject.store.commit(batch({ notes }))
      const search = (words: readonly string[], prefix = false): readonly string[] => subject.store.search([{ words, prefix }], [], 9).map((found) => found.note)
      expect(search(['Build" OR "deploy'])).toEqual([])
      expect(search(['The', 'BUILD Fails'])).toEqual(['build'])
      expect(search([])).toEqual([])
      expect(search(['', '!'], true)).toEqual([])
    })

    test('a note is replaced and forgotten whole', () => {
      using subject = create()
      const { store } = subject
      store.commit(batch({ notes: [note('a', 'old words', 'x'), note('b', 'other words')] }))
      store.commit(batch({ notes: [note('a', 'new thing', 'y'), { note: 'never', words: undefined }] }))
      expect([recall(store, 'old'), recall(store, 'words'), recall(store, 'new'), recall(store, '', ['x']), recall(store, '', ['y'])]).toEqual([[], ['b'], ['a'], [], ['a']])
      store.commit(batch({ notes: [{ note: 'a', words: undefined }, note('c', 'twice'), note('c', 'thrice')] }))
      store.reopen()
      expect([recall(store, 'new'), recall(store, '', ['y']), recall(store, 'twice'), recall(store, 'thrice')]).toEqual([[], [], [], ['c']])
    })

    test('C1: the best come first; the order they came in, or changed in, plays no part', () => {
      const texts: [string, string][] = [
        ['much', 'tide tide tide'], ['long', `tide ${'and much else '.repeat(30)}`], ['short', 'tide tables'],
        ...Array.from({ length: 20 }, (_, i): [string, string] => [`same${i}`, 'tide of the same weight']),
        ...Array.from({ length: 40 }, (_, i): [string, string] => [`other${i}`, `nothing of it ${i}`]),
      ]
      const ranked = (order: [string, string][], detour: boolean, limit: number): readonly { note: string; score: number }[] => {
        using subject = create()
        for (const [id, text] of order) {
          if (detour) subject.store.commit(batch({ notes: [note(id, `tide tide before ${text}`, 'tag')] }))
          subject.store.commit(batch({ notes: [note(id, text)] }))
        }
        return subject.store.search(parseQuery('tide'), [], limit)
      }
      const best = ranked(texts, false, 99)
      expect(best.map((found) => found.note).slice(0, 2)).toEqual(['much', 'short'])
      expect(best.at(-1)?.note).toBe('long')
      expect(best.every(({ score }, i) => score > 0 && (i === 0 || score <= best[i - 1]!.score))).toBe(true)
      for (const limit of [1, 2, 3, 7, 22, 23, 99]) {
        expect(ranked([...texts].reverse(), false, limit)).toEqual(best.slice(0, limit))
        expect(ranked(texts, true, limit)).toEqual(best.slice(0, limit))
      }
      expect(ranked(texts, false, 0)).toEqual([])
    })
  })
}
