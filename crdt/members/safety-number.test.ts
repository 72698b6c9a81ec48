import { expect, test } from 'vitest'
import type { MemberId, MeshId } from '../wire/ids.ts'
import { safetyNumber } from './safety-number.ts'
import { inGroups, parseThirtyDigits } from './thirty-digits.ts'

const key = (digit: string): MemberId => digit.repeat(64) as MemberId
const mesh = 'a'.repeat(64) as MeshId

test('T11: both sides compute the same number; another mesh and another member give another', () => {
  const number = safetyNumber(mesh, key('1'), key('2'))
  expect(number).toMatch(/^[0-9]{30}$/)
  expect(safetyNumber(mesh, key('2'), key('1'))).toBe(number)
  const others = [safetyNumber('b'.repeat(64) as MeshId, key('1'), key('2')), safetyNumber(mesh, key('1'), key('3')), safetyNumber(mesh, key('3'), key('2'))]
  expect(new Set([number, ...others]).size).toBe(4)
})

test('T11: a number is read with spaces or without, and anything else is none', () => {
  const digits = '012345678901234567890123456789'
  expect(inGroups(digits)).toBe('01234 56789 01234 56789 01234 56789')
  for (const typed of [digits, inGroups(digits), ` ${inGroups(digits)}\n`]) expect(parseThirtyDigits(typed)).toBe(digits)
  for (const typed of ['', digits.slice(1), `${digits}0`, digits.replace('0', 'O'), digits.replace('0', '٠'), `-${digits.slice(1)}`]) expect(parseThirtyDigits(typed)).toBeUndefined()
})
