import { expect, it } from 'vitest'
import { suggest } from './suggest.ts'

it('suggests what is near enough to have been meant, and nothing else', () => {
  const names = ['peers', 'state', 'status', 'remember', 'recall', 'relay']
  expect(suggest('peesr', names)).toBe('peers')
  expect(suggest('rember', names)).toBe('remember')
  expect(suggest('stauts', names)).toBe('status')
  expect(suggest('xyzzy', names)).toBeUndefined()
  expect(suggest('', names)).toBeUndefined()
})
