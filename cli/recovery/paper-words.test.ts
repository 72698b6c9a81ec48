import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AtollError } from '../../node/ports/errors.ts'
import { toHex, type EntryId } from '../../crdt/wire/ids.ts'
import { holds, patience } from '../../test/property/runs.ts'
import { formatPaperWords, parsePaper } from './paper-words.ts'

const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
const onPaper = fc.record({ root: bytes, mesh: bytes.map((id) => toHex(id) as EntryId) })
const refused = (text: string): unknown => {
  try {
    return parsePaper(text)
  } catch (error) {
    return error instanceof AtollError ? error.code : error
  }
}

test('R5: words and addresses are read as they were written, in any case and layout, for several meshes', patience, () => {
  holds(fc.property(fc.array(onPaper, { minLength: 1, maxLength: 3 }), fc.constantFrom(' ', '\n', '  # a note\n\t'), (meshes, space) => {
    const text = meshes.map((mesh) => [...formatPaperWords(mesh), '/dns/relay.example/tcp/4001'].join(space)).join(space)
    const expected = meshes.map((mesh) => ({ ...mesh, addresses: ['/dns/relay.example/tcp/4001'] }))
    expect(parsePaper(text)).toEqual(expected)
    expect(parsePaper(`# reef\n${text.replace(/[a-z]+(?= |\n|$)/g, (word) => (word === 'note' ? word : word.toUpperCase())).replaceAll('/DNS', '/dns')}\n`).map(({ mesh }) => mesh)).toEqual(meshes.map(({ mesh }) => mesh))
  }), 20)
})

test('R5: a word too few, too many or unknown, and addresses in the wrong place, are said; the wrong word is not repeated', () => {
  const words = formatPaperWords({ root: new Uint8Array(32).fill(5), mesh: '06'.repeat(32) as EntryId })
  const text = words.join(' ')
  for (const other of ['', words.slice(1).join(' '), `${text} abandon`, `/ip4/192.0.2.1 ${text}`, text.replace(' ', ' /ip4/192.0.2.1 '), text.replace(words[3]!, 'rhubarb')]) expect(refused(other), `${other}`).toBe('words_wrong')
  expect(() => parsePaper(text.replace(words[3]!, 'rhubarb'))).toThrow(/number \d+ is no word of the list/)
})

test('R5: of two words that are swapped, or one that is another, the checksum tells in all but one of 256 cases', () => {
  const words = formatPaperWords({ root: Uint8Array.from({ length: 32 }, (_, i) => 7 * i), mesh: '06'.repeat(32) as EntryId })
  const swapped = Array.from({ length: 23 }, (_, at) => words.with(at, words[at + 1]!).with(at + 1, words[at]!)).filter((other) => other.join() !== words.join())
  expect(swapped.filter((other) => refused(other.join(' ')) !== 'words_wrong').length).toBeLessThanOrEqual(1)
})

test('T8: any text is refused or read, with a code', patience, () => {
  holds(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.constantFrom('abandon', 'zoo', '/', '#', '\n'), { maxLength: 120 }).map((all) => all.join(' '))), (text) => {
    const read = refused(text)
    expect(read === 'words_wrong' || Array.isArray(read)).toBe(true)
  }), 200)
})
