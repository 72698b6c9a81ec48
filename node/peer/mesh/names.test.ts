import { describe, expect, it } from 'vitest'
import { AtollError } from '../../ports/errors.ts'
import { checkName } from './names.ts'

const refusal = (name: string): AtollError => {
  try {
    checkName(name)
  } catch (error) {
    if (error instanceof AtollError) return error
    throw error
  }
  throw new Error(`${JSON.stringify(name.slice(0, 40))} was taken`)
}

describe('names', () => {
  it('H1: any language’s letters, emoji and marks make a name, in one normal form', () => {
    for (const name of ['alex', 'Zoë', '李雷', 'Мария', 'عمر', '👩‍🚀', 'o’Brien-Smith', 'a b']) expect(checkName(name)).toBe(name.normalize('NFC'))
    expect(checkName('Zoe\u0308')).toBe('Zoë')
    expect(checkName('  padded ')).toBe('padded')
  })

  it.each([
    ['empty', ''],
    ['only spaces', '   '],
    ['of ten megabytes', 'x'.repeat(10_000_000)],
    ['with a line break', 'a\nb'],
    ['with an escape sequence', '\u001b[31mred'],
    ['that turns the text around it', 'a\u202eb'],
    ['half a surrogate pair', '\ud800'],
    ['that means everybody', '*'],
    ['that means a group', '@team'],
    ['that means a topic', '#topic'],
  ])('H1 T8: a name %s is refused with a code and a short reason', (_, name) => {
    const error = refusal(name)
    expect(error.code).toBe('name_invalid')
    expect(error.message.length).toBeLessThan(300)
  })
})
