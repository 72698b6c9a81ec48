import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { citations, idsOf, rulesOf } from './rules.ts'
import { isTest, root, sources } from './sources.ts'

const spec = join(root, 'SPEC.md')
const rules = existsSync(spec) ? rulesOf(readFileSync(spec, 'utf8')) : []
const cited = citations(sources().filter(({ path }) => isTest(path)))

test('SPEC.md has rules, each id once', () => {
  const ids = rules.map(({ id }) => id)
  expect(ids).not.toEqual([])
  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([])
})

test('a test begins with each rule of SPEC.md, save those marked (later: issue N)', () => {
  const proved = new Set(cited.map(({ id }) => id))
  expect(rules.filter(({ id, later }) => later === undefined && !proved.has(id)).map(({ id }) => id), 'no test begins with these').toEqual([])
  expect(rules.filter(({ id, later }) => later !== undefined && proved.has(id)).map(({ id }) => id), 'proved now: take the mark away').toEqual([])
})

test('each rule that a test names exists', () => {
  const known = new Set(rules.map(({ id }) => id))
  expect(cited.filter(({ id }) => !known.has(id)).map(({ id, at }) => `${id} at ${at}`)).toEqual([])
})

test('ids are read from SPEC.md and from titles as documented', () => {
  expect(rulesOf('# Spec\n- **D1** Kept.\n  - **D2**: (later: issue 7)\n### **T10** Signed.\nsee **D3**')).toEqual([{ id: 'D1' }, { id: 'D2', later: 7 }, { id: 'T10' }])
  expect(['D1: a', 'D1 a', 'C1 C2: a', 'C1, T10: a', 'a D1', 'D1a', 'SHA256 a'].map(idsOf)).toEqual([['D1'], ['D1'], ['C1', 'C2'], ['C1', 'T10'], [], [], []])
  const text = `test('X1: a')\ntest.each([1])('X2 %s')\ntest.skip('X3: a')\ndescribe.skipIf(no())('X4: a')\ntest(\`X5: \${name}\`)\nother('X6: a')`
  expect(citations([{ path: 'a.test.ts', text }]).map(({ id }) => id)).toEqual(['X1', 'X2', 'X4', 'X5'])
})
