import { expect, test } from 'vitest'
import { limits } from '../../crdt/wire/limits.ts'
import { isTest, sources } from './sources.ts'

test('every limit of the table is kept by some code: what stands there and binds nobody would be a promise that nobody keeps', () => {
  const code = sources().filter(({ path }) => !isTest(path) && !path.startsWith('test/')).map(({ text }) => text).join('\n')
  expect(Object.keys(limits).filter((name) => !new RegExp(`limits\\.${name}\\b`).test(code))).toEqual([])
})
