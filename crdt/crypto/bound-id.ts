/**
 * Ids that belong to the device (or member) that made them: six random bytes, then ten bytes of a hash over device and random.
 * Anybody can check the maker, so nobody else can take an id that it saw for something of its own.
 */
import { fromHex, toHex, type DeviceId, type MemberId } from '../wire/ids.ts'
import type { Domain } from '../wire/protocols.ts'
import { concat, hasher } from './hash.ts'

export const boundRandomBytes = 6
const hashBytes = 10

/** A public key. */
type Maker = DeviceId | MemberId

/** Ids of one kind. */
export function boundIds<Id extends string>(domain: Domain): { make(maker: Maker, random: Uint8Array): Id; isOf(id: Id, maker: Maker): boolean } {
  const hash = hasher(domain)
  // Ids come in runs of one maker, whose bytes are kept for the next.
  let last: { readonly maker: Maker; readonly bytes: Uint8Array } | undefined
  const tail = (maker: Maker, random: Uint8Array): string => {
    if (last?.maker !== maker) last = { maker, bytes: fromHex(maker) }
    return toHex(hash(concat(last.bytes, random)).subarray(0, hashBytes))
  }
  return {
    /** @param random 6 fresh random bytes */
    make: (maker, random) => (toHex(random) + tail(maker, random)) as Id,
    isOf: (id, maker) => id.slice(2 * boundRandomBytes) === tail(maker, fromHex(id.slice(0, 2 * boundRandomBytes))),
  }
}
