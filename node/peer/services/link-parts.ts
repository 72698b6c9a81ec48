import { renderUnicodeCompact } from 'uqr'
import { limits } from '../../../crdt/wire/limits.ts'
import type { Network } from '../../ports/network.ts'

/** Where a link says to look: at the mesh's relays, or where there are none at this device itself. */
export function addressesFor(relays: readonly string[], network: Network): readonly string[] {
  const direct = network.addresses().filter((address) => !address.includes('/p2p-circuit'))
  return (relays.length > 0 ? relays : direct).slice(0, limits.relaysPerLink)
}

/** A link as a QR code in half-block characters. */
export const qrLines = (link: string): readonly string[] => renderUnicodeCompact(link, { ecc: 'L', border: 1 }).split('\n')
