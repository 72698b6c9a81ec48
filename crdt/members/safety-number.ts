/**
 * Safety numbers, after Signal's numeric fingerprints: thirty digits that two members read to each other to know that
 * each holds the other's own root key. Both compute the same; the mesh is part of it. Hashed many times over, so that
 * keys which fit a number are dear to search for.
 */
import { concat, hasher } from '../crypto/hash.ts'
import { fromHex, type MemberId, type MeshId } from '../wire/ids.ts'
import { domains } from '../wire/protocols.ts'

const rounds = 16_384
const groups = 6
const groupBytes = 5
const groupDigits = 5

const hash = hasher(domains.safetyNumber)

/** The number of two members of a mesh, whichever is named first: thirty digits. Takes some 30 ms. */
export function safetyNumber(mesh: MeshId, one: MemberId, other: MemberId): string {
  const [lower, higher] = one < other ? [one, other] : [other, one]
  const seed = concat(fromHex(mesh), fromHex(lower), fromHex(higher))
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
export function parseSafetyNumber(typed: string): string | undefined {
  const digits = typed.replace(/[ \n\t]/g, '')
  return digits.length === groups * groupDigits && /^[0-9]+$/.test(digits) ? digits : undefined
}
