import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, toHex } from './ids.ts'
import { readStunAnswer, readStunRequest, stunAnswer, stunRequest } from './stun.ts'

// RFC 5769 has the same two addresses in its sample answers; these are its transaction id and mapped addresses.
const id = fromHex('b7e7a701bc34d686fa87dfae')

test('an answer has the bytes of the published sample for IPv4 and IPv6', () => {
  expect(toHex(stunAnswer(id, { ip: Uint8Array.of(192, 0, 2, 1), port: 32853 }))).toBe('0101000c2112a442b7e7a701bc34d686fa87dfae002000080001a147e112a643')
  expect(toHex(stunAnswer(id, { ip: fromHex('20010db8123456780011223344556677'), port: 32853 }))).toBe('010100182112a442b7e7a701bc34d686fa87dfae002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9')
})

test('a request is read, and nothing else is', () => {
  expect(readStunRequest(stunRequest(id))).toEqual(id)
  expect(readStunRequest(stunAnswer(id, { ip: Uint8Array.of(1, 2, 3, 4), port: 5 }))).toBeUndefined()
  expect(readStunRequest(stunRequest(id).subarray(1))).toBeUndefined()
  expect(readStunRequest(new Uint8Array(0))).toBeUndefined()
})

test('any answer says what was put in, to whoever asked and to nobody else', () => {
  const ip = fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  fc.assert(fc.property(ip, fc.integer({ min: 0, max: 65535 }), fc.uint8Array({ minLength: 12, maxLength: 12 }), (address, port, asked) => {
    const answer = stunAnswer(asked, { ip: address, port })
    expect(readStunAnswer(answer, asked)).toEqual({ ip: address, port })
    expect(readStunAnswer(answer, asked.map((byte) => byte ^ 1))).toBeUndefined()
  }))
})

test('T8: no bytes make reading an answer fail', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
    const packet = stunAnswer(id, { ip: Uint8Array.of(1, 2, 3, 4), port: 5 })
    const forged = new Uint8Array([...packet.subarray(0, 20), ...tail])
    new DataView(forged.buffer).setUint16(2, tail.length)
    readStunAnswer(forged, id)
    readStunAnswer(tail, id)
  }))
})
