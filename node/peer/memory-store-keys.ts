/**
 * The order of keys, the same in every store: that of their UTF-8 bytes, which is that of their code points.
 * JavaScript's own order differs where a character beyond U+FFFF meets one from U+E000 on.
 */
import type { ScanOptions } from '../ports/store.ts'

/** @returns -1, 0 or 1 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) < rank(y) ? -1 : 1
  }
  return a.length === b.length ? 0 : a.length < b.length ? -1 : 1
}

// Surrogates stand for characters beyond all others.
const rank = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800)

/** The first key after all that begin with `prefix`; undefined when there is none. */
export function keyAfterPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) as number)
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last < 0x10ffff) return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1)
  }
  return undefined
}

/** Half a surrogate pair has no UTF-8, so two such keys could become one on disk: a bug of the caller. */
export function checkKey(key: string): string {
  if (!key.isWellFormed()) throw new Error(`a key with half a surrogate pair: ${JSON.stringify(key)}`)
  return key
}

export function checkScan(options: ScanOptions): ScanOptions {
  checkKey(options.prefix ?? '')
  checkKey(options.after ?? '')
  if (!(options.limit >= 0)) throw new Error(`a scan with limit ${options.limit}`)
  return options
}
