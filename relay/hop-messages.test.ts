import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hopAnswer, hopReserved, hopStatus, readHopRequest, readStopStatus, stopConnect } from './hop-messages.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

test('requests are read as the specification writes them', () => {
  expect(readHopRequest(bytes(0x08, 0))).toEqual({ type: 'reserve' })
  expect(readHopRequest(bytes(0x08, 1, 0x12, 4, 0x0a, 2, 7, 8))).toEqual({ type: 'connect', peer: bytes(7, 8) })
  expect(readHopRequest(bytes(0x08, 2, 0x28, 100))).toEqual({ type: 'other' })
})

test('the longest peer id is 128 bytes', () => {
  const id = Array.from({ length: 128 }, () => 1)
  expect(readHopRequest(bytes(0x08, 1, 0x12, 0x83, 1, 0x0a, 0x80, 1, ...id))).toEqual({ type: 'connect', peer: bytes(...id) })
})

test('fields that we do not know are skipped, in all four encodings', () => {
  expect(readHopRequest(bytes(0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7d, 1, 2, 3, 4, 0x72, 1, 9, 0x70, 5, 0x08, 0))).toEqual({ type: 'reserve' })
})

test.each([
  ['nothing', bytes()],
  ['no type', bytes(0x28, 1)],
  ['connect without a peer', bytes(0x08, 1)],
  ['connect with an empty peer', bytes(0x08, 1, 0x12, 2, 0x0a, 0)],
  ['connect with a peer id that is too long', bytes(0x08, 1, 0x12, 0x84, 1, 0x0a, 0x81, 1, ...Array.from({ length: 129 }, () => 1))],
  ['a block longer than the message', bytes(0x08, 1, 0x12, 9, 0x0a)],
  ['a number that does not end', bytes(0x08, 0x80)],
  ['a number of more than 53 bits', bytes(0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1)],
  ['a fixed field that is cut off', bytes(0x08, 0, 0x7d, 1)],
  ['a group', bytes(0x0b)],
])('T8: %s is refused', (_, message) => {
  expect(readHopRequest(message)).toBeUndefined()
})

test('T8: no bytes make the reader throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (message) => {
    readHopRequest(message)
    readStopStatus(message)
  }))
})

test('answers are written as the specification reads them', () => {
  expect(hopAnswer(hopStatus.noReservation)).toEqual(bytes(0x08, 2, 0x28, 0xcc, 1))
  expect(hopReserved(300_999, [bytes(1, 2)])).toEqual(bytes(0x08, 2, 0x1a, 7, 0x08, 0xac, 2, 0x12, 2, 1, 2, 0x28, 100))
  expect(stopConnect(bytes(7, 8))).toEqual(bytes(0x08, 0, 0x12, 4, 0x0a, 2, 7, 8))
  expect(readStopStatus(bytes(0x08, 1, 0x20, 100))).toBe(hopStatus.ok)
  expect(readStopStatus(bytes(0x08, 0, 0x20, 100))).toBeUndefined()
})
