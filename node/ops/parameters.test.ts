import { describe, expect, it } from 'vitest'
import { boundedText } from './bounded-text.ts'
import { cleanText } from './clean-text.ts'
import { durationText } from './duration-text.ts'
import { jsonValue } from './json-value.ts'
import { nameText } from './name-text.ts'

describe('what people type', () => {
  it('durationText reads spans and refuses the rest', () => {
    const span = durationText()
    expect([span.parse('90s'), span.parse('30m'), span.parse('12h'), span.parse('7d'), span.parse('2w')]).toEqual([90_000, 1_800_000, 43_200_000, 604_800_000, 1_209_600_000])
    for (const text of ['7', 'd', '0d', '-1d', '1y', '1.5h', '9999999d', '']) expect([text, span.safeParse(text).success]).toEqual([text, false])
  })

  it('boundedText counts bytes, not characters, and refuses half characters', () => {
    const four = boundedText('It', 4)
    expect(four.safeParse('abcd').success).toBe(true)
    expect(four.safeParse('ää').success).toBe(true)
    expect(four.safeParse('äää').success).toBe(false)
    expect(four.safeParse('').success).toBe(false)
    expect(four.safeParse('\ud800').success).toBe(false)
  })

  it('nameText takes any script and no control characters', () => {
    for (const name of ['alex', 'Ünïcode', '田中', '👩‍🚀', 'a b', 'مريم', '-', '0']) expect([name, nameText().safeParse(name).success]).toEqual([name, true])
    for (const name of ['', ' ', 'a\u0007', 'a\u009b', 'a\u2028b', '\udc00', 'x'.repeat(129), 'ä'.repeat(65)]) expect([name, nameText().safeParse(name).success]).toEqual([name, false])
  })

  it('jsonValue takes JSON of any kind and nothing else', () => {
    const value = jsonValue('v')
    for (const good of [null, false, 0, -1.5, '', 'x', [], {}, [[{ a: [null] }]]]) expect([good, value.safeParse(good).success]).toEqual([good, true])
    for (const bad of [undefined, Number.NaN, Infinity, () => 1, Symbol('x'), 1n, [undefined], { a: undefined }, '\ud800', { '\ud800': 1 }]) expect(value.safeParse(bad).success).toBe(false)
    let deep: unknown = 1
    for (let i = 0; i < 64; i++) deep = [deep]
    expect(value.safeParse(deep).success).toBe(true)
    expect(value.safeParse([deep]).success).toBe(false)
  })

  it('T9 cleanText takes control characters, escape sequences and turns of direction out', () => {
    expect(cleanText('a\u001b[31mb\u0007\u009bc')).toBe('a[31mbc')
    expect(cleanText('evil\u202etxt.exe\u2066')).toBe('eviltxt.exe')
    expect(cleanText('one\r\ntwo\u2028three\tfour')).toBe('one two three four')
    expect(cleanText('one\r\ntwo\u2028three\tfour', 'lines')).toBe('one\ntwo\nthree    four')
    expect(cleanText('é 田中 👩‍🚀')).toBe('é 田中 👩‍🚀')
  })
})
