import { expect, it } from 'vitest'
import { isOlder } from './is-older.ts'

it('versions compare by number, and a pre-release comes before its release', () => {
  for (const [a, b] of [['0.1.0', '0.1.1'], ['0.9.0', '0.10.0'], ['1.0.0-rc.1', '1.0.0'], ['1.0.0-rc.1', '1.0.0-rc.2'], ['1', '1.0.1']] as const) {
    expect([a, b, isOlder(a, b), isOlder(b, a)]).toEqual([a, b, true, false])
  }
  for (const same of ['0.1.0', '1.0.0-rc.1']) expect(isOlder(same, same)).toBe(false)
  expect(isOlder('1.0.0+a', '1.0.0+b')).toBe(false)
})
