/**
 * A mesh's root key and id as words for paper (BIP 39, English): 24 for the root key, 24 for the mesh. Both are needed,
 * since only who knows the mesh is answered in it; each 24 carry their own checksum.
 */
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { fromHex, toHex, type EntryId } from '../../crdt/wire/ids.ts'
import { limits } from '../../crdt/wire/limits.ts'
import { AtollError } from '../../node/ports/errors.ts'

const wordsPerKey = 24
const wordsPerMesh = 2 * wordsPerKey
const known: ReadonlySet<string> = new Set(wordlist)

export interface OnPaper {
  /** The seed of the root key. */
  readonly root: Uint8Array
  readonly mesh: EntryId
}

/** 48 words. */
export function formatPaperWords({ root, mesh }: OnPaper): readonly string[] {
  return [root, fromHex(mesh)].flatMap((bytes) => entropyToMnemonic(bytes, wordlist).split(' '))
}

/** Words and addresses as they were typed, for one mesh after another; what stands behind a # is for people. */
export function parsePaper(text: string): readonly (OnPaper & { readonly addresses: readonly string[] })[] {
  const meshes: (OnPaper & { addresses: string[] })[] = []
  let words: string[] = []
  const tokens = text.split('\n').flatMap((line) => (line.split('#')[0] ?? '').split(/\s+/)).filter((token) => token !== '')
  for (const token of tokens) {
    if (token.startsWith('/')) {
      if (words.length > 0) throw wrong('an address stands among the words of a mesh')
      addAddress(token, meshes.at(-1)?.addresses)
      continue
    }
    words.push(wordOf(token, meshes.length * wordsPerMesh + words.length + 1))
    if (words.length < wordsPerMesh) continue
    if (meshes.length >= limits.backupMeshes) throw wrong('they are too many')
    meshes.push({ root: bytesOf(words.slice(0, wordsPerKey), 'first'), mesh: toHex(bytesOf(words.slice(wordsPerKey), 'second')) as EntryId, addresses: [] })
    words = []
  }
  if (words.length > 0 || meshes.length === 0) throw wrong(`a mesh takes ${wordsPerMesh}, and there are ${words.length}${meshes.length > 0 ? ' behind the last whole one' : ''}`)
  return meshes
}

function addAddress(address: string, addresses: string[] | undefined): void {
  if (!addresses) throw wrong('an address stands before any words')
  if (address.length > limits.addressBytes || addresses.length >= limits.relaysPerMesh) throw wrong('an address is too long, or there are too many')
  addresses.push(address)
}

function wordOf(token: string, at: number): string {
  const word = token.toLowerCase()
  // The wrong word is not repeated: it may be a part of the key.
  if (!known.has(word)) throw wrong(`number ${at} is no word of the list`)
  return word
}

function bytesOf(words: readonly string[], which: string): Uint8Array {
  try {
    return mnemonicToEntropy(words.join(' '), wordlist)
  } catch (error) {
    throw new AtollError('words_wrong', { why: `in the ${which} ${wordsPerKey} a word is wrong or two are swapped` }, { cause: error })
  }
}

function wrong(why: string): AtollError {
  return new AtollError('words_wrong', { why })
}
