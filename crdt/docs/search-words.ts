/**
 * Words for full-text search in any language. SQLite's tokenizer separates words at spaces and punctuation, which
 * Chinese and Japanese do not write; so each of their characters becomes a word of its own here, and a query in
 * them a phrase of such words. Everything else is left to the tokenizer, after NFKC and lower case.
 */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
const eachUnspaced = new RegExp(unspaced.source, 'gu')
const words = /[\p{L}\p{M}\p{N}_]+/gu

/** Text as it goes into the index. */
export function toWords(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(eachUnspaced, ' $& ')
}

/** One part of a query: words that must stand next to each other; the last may be the start of a word. */
export interface Phrase {
  readonly words: readonly string[]
  readonly prefix: boolean
}

/**
 * What a person typed: words (each must occur), "quoted phrases", and `wor*` for the start of a word.
 * Never throws; a query without a single word gives an empty list, which matches nothing.
 */
export function parseQuery(query: string): readonly Phrase[] {
  const phrases: Phrase[] = []
  for (const [, quoted, plain] of query.matchAll(/"([^"]*)"|([^\s"]+)/g)) {
    const typed = quoted ?? plain ?? ''
    const found = toWords(typed).match(words) ?? []
    if (found.length > 0) phrases.push({ words: found.slice(0, 32), prefix: quoted === undefined && typed.endsWith('*') })
  }
  return phrases.slice(0, 32)
}
