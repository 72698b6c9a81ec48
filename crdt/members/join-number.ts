/**
 * The number of somebody who asks to be let in: thirty digits that the joiner sees while it waits and the admin sees
 * beside the request. They are the same only where it is the joiner's own keys that ask, and not another's who came by the link.
 */
import { concat, hasher } from '../crypto/hash.ts'
import { fromHex, type DeviceId, type MemberId, type MeshId } from '../wire/ids.ts'
import { domains } from '../wire/protocols.ts'
import { thirtyDigits } from './thirty-digits.ts'

const hash = hasher(domains.joinNumber)

/** The number of a member to be, with its first device. Takes some 30 ms. */
export function joinNumber(mesh: MeshId, member: MemberId, device: DeviceId): string {
  return thirtyDigits(hash, concat(fromHex(mesh), fromHex(member), fromHex(device)))
}
