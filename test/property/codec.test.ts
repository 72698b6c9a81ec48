/** The canonical encoding over random codecs and values: one value, one byte string, and nothing beyond a bound. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bool, bytes, decode, encode, EncodeError, fixed, list, names, optional, struct, text, uint, utf8Length, variant, type Codec } from '../../crdt/wire/codec.ts'
import { fromHex, id, idSet, toHex } from '../../crdt/wire/ids.ts'
import { holds, patience } from './runs.ts'

/** A codec, and values that fit it. */
interface Shape {
  readonly codec: Codec<unknown>
  readonly values: fc.Arbitrary<unknown>
}

const shape = <T>(codec: Codec<T>, values: fc.Arbitrary<T>): Shape => ({ codec: codec as Codec<unknown>, values })
const wellFormed = fc.string({ unit: 'binary', maxLength: 20 })
const hexIds = (length: number): fc.Arbitrary<string> => fc.uint8Array({ minLength: length, maxLength: length }).map(toHex)
const leaf: fc.Arbitrary<Shape> = fc.constantFrom(
  shape(uint, fc.oneof(fc.maxSafeNat(), fc.nat(300), fc.constantFrom(127, 128, 16_383, 16_384, Number.MAX_SAFE_INTEGER))),
  shape(bool, fc.boolean()),
  shape(fixed(5), fc.uint8Array({ minLength: 5, maxLength: 5 })),
  shape(bytes(40), fc.uint8Array({ maxLength: 40 })),
  shape(text(80), wellFormed),
  shape(names({ a: 0, b: 1, c: 200 }), fc.constantFrom('a', 'b', 'c')),
  shape(id(3), hexIds(3)),
  shape(idSet<string>(2, 10), fc.uniqueArray(hexIds(2), { maxLength: 10 }).map((ids) => ids.toSorted())),
)
const { any: shapes } = fc.letrec<{ any: Shape }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    leaf,
    tie('any').map((item) => shape(list(item.codec, 6), fc.array(item.values, { maxLength: 6 }))),
    tie('any').map((item) => shape(optional(item.codec), fc.option(item.values, { nil: undefined }))),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => shape(struct({ a: a.codec, b: b.codec }), fc.record({ a: a.values, b: b.values }))),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => shape<unknown>(
      variant({ left: [1, struct({ a: a.codec })], right: [200, struct({ b: b.codec })] }) as Codec<unknown>,
      fc.oneof(a.values.map((value) => ({ type: 'left', a: value })), b.values.map((value) => ({ type: 'right', b: value }))),
    )),
  ),
}))
const shaped = shapes.chain(({ codec, values }) => values.map((value) => ({ codec, value })))

test('T10: what is written is read back, in one way only, and nothing before or behind it', patience, () => {
  holds(fc.property(shaped, ({ codec, value }) => {
    const whole = encode(codec, value)
    expect(decode(codec, whole)).toEqual({ ok: true, value })
    expect(decode(codec, new Uint8Array([...whole, 0]))).toMatchObject({ ok: false, problem: 'trailing_bytes' })
    expect(whole.length === 0 || !decode(codec, whole.subarray(0, -1)).ok).toBe(true)
  }), 500)
})

const problems: ReadonlySet<string> = new Set(['truncated', 'too_long', 'not_canonical', 'bad_text', 'bad_value', 'trailing_bytes'])

test('T8 T10: bytes of any kind are refused with a reason, or re-encode to themselves', patience, () => {
  const touched = fc.tuple(shaped, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat(), fc.uint8Array({ maxLength: 30 }), fc.boolean())
  holds(fc.property(touched, ([{ codec, value }, flips, cut, noise, anything]) => {
    const good = encode(codec, value)
    const bad = anything ? noise : good.slice(0, good.length - (cut % 3 === 0 ? cut % (good.length + 1) : 0))
    for (const [at, byte] of flips) if (bad.length > 0) bad[at % bad.length] = byte
    const read = decode(codec, bad)
    expect(read.ok ? toHex(encode(codec, read.value)) : problems.has(read.problem)).toBe(read.ok ? toHex(bad) : true)
  }), 2000)
})

test('T8: a length or count over its bound is neither written nor read, however few bytes follow', patience, () => {
  const bounded: readonly (readonly [(max: number) => Codec<never>, (size: number) => unknown])[] = [
    [(max) => bytes(max) as Codec<never>, (size) => new Uint8Array(size)],
    [(max) => text(max) as Codec<never>, (size) => 'x'.repeat(size)],
    [(max) => list(uint, max) as Codec<never>, (size) => Array.from({ length: size }, () => 0)],
    [(max) => idSet(2, max) as Codec<never>, (size) => Array.from({ length: size }, (_, i) => i.toString(16).padStart(4, '0'))],
  ]
  holds(fc.property(fc.constantFrom(...bounded), fc.nat(200), fc.integer({ min: 1, max: 100 }), fc.boolean(), ([codec, values], max, over, huge) => {
    const value = values(max + over) as never
    expect(() => encode(codec(max), value)).toThrow(EncodeError)
    expect(decode(codec(max), encode(codec(max + over), value))).toMatchObject({ ok: false, problem: 'too_long' })
    expect(decode(codec(max), encode(uint, huge ? Number.MAX_SAFE_INTEGER : max + over))).toMatchObject({ ok: false, problem: 'too_long' })
    expect(decode(codec(max), encode(codec(max), values(max) as never))).toEqual({ ok: true, value: values(max) })
  }), 200)
})

test('T10: numbers have one form, and none is beyond 2^53 - 1', patience, () => {
  holds(fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 4 }), (value, zeros) => {
    const padded = encode(uint, value)
    padded[padded.length - 1]! |= 0x80
    expect(decode(uint, new Uint8Array([...padded, ...Array.from({ length: zeros - 1 }, () => 0x80), 0])).ok).toBe(false)
  }), 200)
  for (const hex of ['ffffffffffffff1f', '8080808080808010', 'ffffffffffffffffff01']) expect(decode(uint, fromHex(hex))).toMatchObject({ ok: false, problem: 'bad_value' })
  for (const value of [-1, 0.5, NaN, Infinity, 2 ** 53]) expect(() => encode(uint, value)).toThrow(EncodeError)
})

test('T10: text is counted as it is written, and only well-formed text is written or read', patience, () => {
  holds(fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.array(fc.nat(0xffff), { maxLength: 4 }).map((units) => String.fromCharCode(...units))), (value) => {
    fc.pre(value.isWellFormed())
    expect(utf8Length(value)).toBe(new TextEncoder().encode(value).length)
    expect([...encode(text(100), value)]).toEqual([utf8Length(value), ...new TextEncoder().encode(value)])
  }), 1000)
  holds(fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 0xd800, max: 0xdfff }), (value, half) => {
    expect(() => encode(text(1000), value + String.fromCharCode(half))).toThrow(EncodeError)
  }), 100)
  holds(fc.property(fc.uint8Array({ minLength: 1, maxLength: 8 }), (raw) => {
    const read = decode(text(100), new Uint8Array([raw.length, ...raw]))
    expect(read.ok ? Buffer.from(read.value) : read.problem).toEqual(read.ok ? Buffer.from(raw) : 'bad_text')
  }), 2000)
})

test('T10: nothing within nothing has one form', () => {
  const nested = optional(optional(bool))
  expect(decode(nested, Uint8Array.of(0))).toEqual({ ok: true, value: undefined })
  expect(decode(nested, Uint8Array.of(1, 0))).toMatchObject({ ok: false, problem: 'not_canonical' })
  expect(decode(nested, Uint8Array.of(1, 1, 0))).toEqual({ ok: true, value: false })
})
