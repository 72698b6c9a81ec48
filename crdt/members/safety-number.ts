/**
 * Safety numbers, after Signal's numeric fingerprints: thirty digits that two members read to each other to know that
 * each holds the other's own root key. Both compute the same; the mesh is part of it.
 */
import { concat, hasher } from '../crypto/hash.ts'
import { fromHex, type MemberId, type MeshId } from '../wire/ids.ts'
import { domains } from '../wire/protocols.ts'
import { thirtyDigits } from './thirty-digits.ts'

const hash = hasher(domains.safetyNumber)

/** The number of two members of a mesh, whichever is named first: thirty digits. Takes some 30 ms. */
export function safetyNumber(mesh: MeshId, one: MemberId, other: MemberId): string {
  const [lower, higher] = one < other ? [one, other] : [other, one]
  return thirtyDigits(hash, concat(fromHex(mesh), fromHex(lower), fromHex(higher)))
}
