import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { whyOf } from './why.ts'

test('what the system says is put in words', async () => {
  const refused = await new Promise<Error>((failed) => connect(1, '127.0.0.1').on('error', failed))
  expect(whyOf(refused)).toBe('connection refused: nothing listens there')
  expect(whyOf(new AggregateError([refused]))).toBe('connection refused: nothing listens there')
  expect(whyOf(Object.assign(new Error('connect EHOSTUNREACH'), { code: 'EHOSTUNREACH' }))).toBe('no route to that address from here')
  expect(whyOf(Object.assign(new Error('The operation was aborted'), { name: 'TimeoutError' }))).toBe('timed out')
  expect(whyOf(new Error('Payload identity key A does not match expected remote identity key B'))).toBe('another peer answers there')
})

test('what is not known is passed on, and never empty', () => {
  expect(whyOf(new Error('something new'))).toBe('something new')
  expect(whyOf(new TypeError(''))).toBe('nothing answers there')
  expect(whyOf({ error: new TypeError('') })).toBe('nothing answers there')
  expect(whyOf('text')).toBe('text')
})
