import { describe, expect, it } from 'vitest'
import { parseFlags } from './parse-flags.ts'

const options = {
  listen: { type: 'string', doc: '' },
  relay: { type: 'string', multiple: true, doc: '' },
  wait: { type: 'boolean', doc: '' },
  follow: { type: 'boolean', short: 'f', doc: '' },
} as const
const parse = (...args: string[]) => parseFlags(args, options)

describe('flags', () => {
  it('may stand anywhere, once or often as declared', () => {
    expect(parse('a', '--listen', 'x:1', 'b', '--wait', '--relay=r1', '--relay', 'r2', '-f', '--json')).toEqual({ values: { listen: 'x:1', wait: true, relay: ['r1', 'r2'], follow: true, json: true }, positionals: ['a', 'b'] })
  })

  it('leave negative numbers, items of a list, a lone dash and what follows -- alone', () => {
    expect(parse('-5', '-0.5', '-', '-12.5e3', '- an item', '---', '--', '--wait', '-x').positionals).toEqual(['-5', '-0.5', '-', '-12.5e3', '- an item', '---', '--wait', '-x'])
  })

  it('H1 are refused in words when unknown, without their value, with one too many, or twice', () => {
    expect(() => parse('--lsten', 'x')).toThrow('Did you mean --listen?')
    expect(() => parse('--zzz')).toThrow('There is no flag --zzz')
    expect(() => parse('-x')).toThrow('There is no flag -x')
    expect(() => parse('--listen')).toThrow('--listen needs a value')
    expect(() => parse('--listen', '--wait')).toThrow('--listen needs a value')
    expect(parse('--listen=--wait').values).toEqual({ listen: '--wait' })
    expect(() => parse('--wait=yes')).toThrow('--wait takes no value')
    expect(() => parse('--listen', 'a', '--listen', 'b')).toThrow('stands twice')
    expect(() => parse('--constructor')).toThrow('There is no flag --constructor')
  })
})
