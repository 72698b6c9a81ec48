import { expect, test } from 'vitest'
import type { MemberId } from '../wire/ids.ts'
import { decided, everyone, grantKey, parseGrantKey, type Decidable } from './grants.ts'
import type { Version } from './registers.ts'

const [alice, bob] = ['a1'.repeat(32), 'b0'.repeat(32)] as [MemberId, MemberId]
const versions = (...values: readonly (string | undefined)[]): readonly Version[] => values.map((value) => ({ deleted: value === undefined, value: value ?? '' }) as Version)

test('G1: a key names a subject and what it may do; any other is nobody’s decision', () => {
  expect(parseGrantKey(grantKey(alice, bob, 'directory'))).toEqual({ subject: bob, what: 'directory' })
  expect(parseGrantKey(grantKey(alice, everyone, 'block'))).toEqual({ subject: everyone, what: 'block' })
  for (const key of ['', `${alice}/`, `${alice}/bob/files`, `${alice}/${bob}/`, `${alice}/${bob}/fly`, `${alice}/${bob}/files/`, `${alice}/${bob.toUpperCase()}/files`, `x${alice}/${bob}/files`]) expect(parseGrantKey(key), `${key}`).toBeUndefined()
})

test.each<readonly [Decidable, readonly (string | undefined)[], boolean | undefined]>([
  ['files', [], undefined],
  ['files', ['true'], true],
  ['files', [undefined], undefined],
  ['files', ['true', 'true'], true],
  ['files', ['true', 'false'], false],
  ['files', ['true', undefined], undefined],
  ['files', ['"true"'], false],
  ['block', ['false', 'true'], true],
  ['block', [undefined, 'true'], true],
  ['block', [undefined, 'false'], undefined],
  ['block', ['false'], false],
  ['block', ['1'], true],
])('G1: of concurrent decisions about %s, %j, the stricter counts', (what, values, expected) => {
  expect(decided(what, versions(...values))).toBe(expected)
})
