import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameDecoder, lengthBytes, writeLength } from './frame-decoder.ts'

const max = 1000

test('frames come out as they went in, however the bytes are cut', () => {
  const frames = fc.array(fc.uint8Array({ maxLength: max }), { maxLength: 20 })
  fc.assert(fc.property(frames, fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 50 }), (sent, cuts) => {
    const bytes = joined(sent)
    const received: Uint8Array[] = []
    const decoder = new FrameDecoder(max, (frame) => received.push(frame))
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const size = cuts[i % cuts.length]!
      expect(decoder.push(bytes.slice(at, at + size))).toBeUndefined()
      at += size
    }
    expect(received.map((frame) => [...frame])).toEqual(sent.map((frame) => [...frame]))
  }))
})

test('T8: a length over the limit is refused at its first byte that says so', () => {
  for (const length of [max + 1, 2 ** 20, 2 ** 21 - 1]) {
    const decoder = new FrameDecoder(max, () => expect.unreachable())
    expect(decoder.push(head(length))).toBe('frame_too_long')
    expect(decoder.push(Uint8Array.of(0)), 'and nothing is read any more').toBe('frame_too_long')
  }
  const decoder = new FrameDecoder(max, () => {})
  expect(decoder.push(head(max))).toBeUndefined()
})

test('T8: a length that goes on for ever, or has zeros to spare, is refused', () => {
  for (const bytes of [[0x80, 0x80, 0x80, 0x80], [0x80, 0x00], [0x81, 0x80, 0x00]]) {
    expect(new FrameDecoder(max, () => expect.unreachable()).push(Uint8Array.from(bytes))).toBe('bad_length')
  }
})

test('a length is written as short as it can be', () => {
  for (const [length, size] of [[0, 1], [127, 1], [128, 2], [16_383, 2], [16_384, 3], [262_144, 3]] as const) {
    expect(lengthBytes(length)).toBe(size)
    expect(writeLength(new Uint8Array(4), 0, length)).toBe(size)
  }
})

function head(length: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes(length))
  writeLength(bytes, 0, length)
  return bytes
}

function joined(frames: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(frames.flatMap((frame) => [...head(frame.length), ...frame]))
}
