/**
 * Words as the full-text index of every store knows them. Both stores split by this one function, so they find the
 * same notes whatever Unicode version SQLite was built with. Input has been through `toWords` (NFKC, lower case,
 * characters of unspaced scripts apart). A change here changes what is found: it needs a schema step that re-indexes.
 */
import type { Phrase } from '../../crdt/docs/search-words.ts'

// Marks belong to their letter (the vowels of Devanagari are marks). Very long runs are cut, the same way everywhere.
const token = /[\p{L}\p{M}\p{N}]{1,128}/gu
const asciiToken = /[a-z0-9]{1,128}/g
const ascii = /^[\0-\x7f]*$/

// Accents are left out where people leave them out when they type: on Latin and Greek letters, and the dots of ё.
// Elsewhere a mark makes another letter (й, が), or is a vowel.
const accents = /([\p{Script=Latin}\p{Script=Greek}е])[\u0300-\u036f]+/gu
// Vowel points of Hebrew and Arabic, and the tatweel that only stretches a word: most texts do without.
const points = /[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]/g

export function splitWords(text: string): readonly string[] {
  const lower = text.toLowerCase()
  if (ascii.test(lower)) return lower.match(asciiToken) ?? []
  const plain = lower.normalize('NFD').replace(accents, '$1').replace(points, '').normalize('NFC')
  return plain.match(token) ?? []
}

/** A phrase with its words split as those of the notes are; one without any word is left out. */
export function splitPhrases(phrases: readonly Phrase[]): readonly Phrase[] {
  return phrases
    .map(({ words, prefix }) => ({ words: words.flatMap((word) => splitWords(word)), prefix }))
    .filter(({ words }) => words.length > 0)
}
