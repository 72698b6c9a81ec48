/** Numbers that people read to each other: thirty digits of a hash that was taken many times over, so that keys which fit a number are dear to search for. */
import { concat } from '../crypto/hash.ts'

const rounds = 16_384
const groups = 6
const groupBytes = 5
const groupDigits = 5

/** The digits of a seed under a domain's hash. Takes some 30 ms. */
export function thirtyDigits(hash: (bytes: Uint8Array) => Uint8Array, seed: Uint8Array): string {
  let state = hash(seed)
  for (let round = 0; round < rounds; round++) state = hash(concat(state, seed))
  return Array.from({ length: groups }, (_, group) => {
    const value = state.subarray(group * groupBytes, (group + 1) * groupBytes).reduce((sum, byte) => sum * 256 + byte, 0)
    return String(value % 10 ** groupDigits).padStart(groupDigits, '0')
  }).join('')
}

/** As it is read out: in groups of five. */
export const inGroups = (digits: string): string => digits.match(/.{5}/g)?.join(' ') ?? digits

/** The digits of a number as it was typed or pasted, spaces between them or not; undefined when it is none. */
export function parseThirtyDigits(typed: string): string | undefined {
  const digits = typed.replace(/[ \n\t]/g, '')
  return digits.length === groups * groupDigits && /^[0-9]+$/.test(digits) ? digits : undefined
}
