import type { Random } from '../ports/runtime.ts'

/**
 * Random numbers from a seed: xoshiro128**, seeded through splitmix32. The same seed gives the same numbers on
 * every machine. NOT cryptographic: whoever sees a few outputs knows all others. For simulators and tests only.
 */
export class SeededRandom implements Random {
  #a: number
  #b: number
  #c: number
  #d: number

  /** @param seed any integer or text; equal seeds give equal streams */
  constructor(seed: number | string) {
    let state = typeof seed === 'number' ? (seed ^ (seed / 2 ** 32)) | 0 : hashText(seed)
    const next = (): number => {
      state = (state + 0x9e3779b9) | 0
      let z = state
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
      return (z ^ (z >>> 15)) >>> 0
    }
    this.#a = next()
    this.#b = next()
    this.#c = next()
    this.#d = next() | 1 // never all zero
  }

  /** 32 random bits, as an unsigned integer. */
  bits(): number {
    const result = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9) >>> 0
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = rotate(this.#d, 11)
    return result
  }

  /** From 0 up to, not including, 1. */
  fraction(): number {
    return this.bits() / 2 ** 32
  }

  /** An integer from 0 up to, not including, `end`. */
  below(end: number): number {
    return Math.floor(this.fraction() * end)
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at += 4) {
      let bits = this.bits()
      for (let i = at; i < at + 4 && i < length; i++, bits >>>= 8) bytes[i] = bits & 0xff
    }
    return bytes
  }
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by))
}

function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash
}
