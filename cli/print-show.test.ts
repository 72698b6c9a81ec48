import { describe, expect, it } from 'vitest'
import { bad, dim, good, strong, time, type Show } from '../node/ops/show.ts'
import type { Terminal } from './command.ts'
import { printShow } from './print-show.ts'
import { showTime } from './show-time.ts'
import { fitText, textWidth } from './text-width.ts'

function print(show: Show, terminal: Partial<Terminal> = {}): readonly string[] {
  const lines: string[] = []
  printShow(show, { colour: false, interactive: false, columns: 80, out: (text: string) => void lines.push(text), ...terminal } as Terminal, 1_000_000_000)
  return lines
}

describe('what is shown on a terminal', () => {
  it('aligns tables by what characters take, and drops empty columns', () => {
    const rows = [
      [strong('alex'), null, 3],
      ['田中', '', 12],
      ['é👩‍🚀', null, 0],
    ]
    expect(print([{ columns: ['NAME', 'NOTHING', 'N'], rows, empty: 'none' }])).toEqual(['NAME  N', 'alex  3', '田中  12', 'é👩‍🚀   0'])
    expect(print([{ columns: ['NAME'], rows: [], empty: 'Nobody.' }])).toEqual(['Nobody.'])
  })

  it('cuts tables to the terminal, and never for scripts', () => {
    const table = { columns: ['A', 'B'], rows: [['x'.repeat(30), 'y'.repeat(30)]], empty: '' }
    for (const line of print([table], { interactive: true, columns: 40 })) expect(textWidth(line)).toBeLessThanOrEqual(40)
    expect(print([table])[1]).toBe(`${'x'.repeat(30)}  ${'y'.repeat(30)}`)
  })

  it('colours only where the terminal does', () => {
    const show: Show = [{ line: [good('yes'), dim('maybe'), bad('no')] }]
    expect(print(show)).toEqual(['yes maybe no'])
    expect(print(show, { colour: true })).toEqual(['\u001b[32myes\u001b[0m \u001b[2mmaybe\u001b[0m \u001b[31mno\u001b[0m'])
  })

  it('T9 lets no peer write control characters or new lines into a table', () => {
    const evil = 'bob\u001b[2J\r\nroot  owner\u202e'
    expect(print([{ columns: ['NAME'], rows: [[evil]], empty: '' }, { facts: [['name', evil]] }, strong(evil)], { colour: false })).toEqual(['NAME', 'bob[2J root  owner', 'name  bob[2J root  owner', 'bob[2J root  owner'])
  })

  it('sets quotes apart on a terminal and leaves them bare for scripts', () => {
    expect(print([{ quote: 'one\ntwo' }])).toEqual(['one', 'two'])
    expect(print([{ quote: 'one\ntwo' }], { interactive: true })).toEqual(['│ one', '│ two'])
  })

  it('keeps asides for people', () => {
    const show: Show = [{ aside: ['█▀', { line: ['a', 'b'] }] }, 'link']
    expect(print(show)).toEqual(['link'])
    expect(print(show, { interactive: true })).toEqual(['█▀', 'a b', 'link'])
  })

  it('says when in words', () => {
    const now = 1_000_000_000
    expect(print([time(now - 120_000), time(null)])).toEqual(['2 min ago', ''])
    expect([now, now - 30_000, now - 3 * 3_600_000, now - 3 * 86_400_000, now + 3_600_000].map((at) => showTime(at, now))).toEqual(['now', '30 s ago', '3 h ago', '3 days ago', 'in 60 min'])
    expect(showTime(0, now * 10)).toBe('1970-01-01')
  })

  it('measures and fits text', () => {
    expect([textWidth('abc'), textWidth('田中'), textWidth('e\u0301'), textWidth('👩‍🚀'), textWidth('\u200b')]).toEqual([3, 4, 1, 2, 0])
    expect([fitText('abcdef', 4), fitText('abcd', 4), fitText('田中さん', 5)]).toEqual(['abc…', 'abcd', '田中…'])
  })
})
