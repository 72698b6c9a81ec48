/**
 * Ids that belong to the device that made them: six random bytes, then ten bytes of a hash over device and random.
 * Anybody can check the maker, so no other device can take an id that it saw for something of its own.
 */
import { fromHex, toHex, type DeviceId } from '../wire/ids.ts'
import type { Domain } from '../wire/protocols.ts'
import { concat, hasher } from './hash.ts'

export const boundRandomBytes = 6
const hashBytes = 10

/** Ids of one kind. */
export function boundIds<Id extends string>(domain: Domain): { make(device: DeviceId, random: Uint8Array): Id; isOf(id: Id, device: DeviceId): boolean } {
  const hash = hasher(domain)
  // Ids come in runs of one device, whose bytes are kept for the next.
  let last: { readonly device: DeviceId; readonly bytes: Uint8Array } | undefined
  const tail = (device: DeviceId, random: Uint8Array): string => {
    if (last?.device !== device) last = { device, bytes: fromHex(device) }
    return toHex(hash(concat(last.bytes, random)).subarray(0, hashBytes))
  }
  return {
    /** @param random 6 fresh random bytes */
    make: (device, random) => (toHex(random) + tail(device, random)) as Id,
    isOf: (id, device) => id.slice(2 * boundRandomBytes) === tail(device, fromHex(id.slice(0, 2 * boundRandomBytes))),
  }
}
