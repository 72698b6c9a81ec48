import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { pathOf, pathRank } from './connection-path.ts'
import { deviceToPeerId, peerIdTextToDevice } from './device-peer-id.ts'

const addressesPerPeer = 16
const peersKept = 4096

/** Where peers may be dialled: what was learned last comes first. Bounded for each peer and in all. */
export class AddressBook {
  readonly #byPeer = new Map<DeviceId, readonly string[]>()

  /** Remembers addresses, best first, and says whether one is new. What is no address, or leads to somebody else, is passed over. */
  learn(device: DeviceId, addresses: readonly string[]): boolean {
    const fresh = addresses.map((address) => dialable(device, address)).filter((address) => address !== undefined)
    if (fresh.length === 0) return false
    const known = this.#byPeer.get(device) ?? []
    // Re-inserted, so that the map's order is that of use, and the peer unheard of for longest makes room.
    this.#byPeer.delete(device)
    this.#byPeer.set(device, [...new Set([...fresh, ...known])].slice(0, addressesPerPeer))
    if (this.#byPeer.size > peersKept) {
      for (const oldest of this.#byPeer.keys()) {
        this.#byPeer.delete(oldest)
        break
      }
    }
    return fresh.some((address) => !known.includes(address))
  }

  /** Addresses that lead straight to the peer: TCP before WebSocket. Each ends in `/p2p/<peer id>`. */
  direct(device: DeviceId): readonly Multiaddr[] {
    return this.#of(device).filter((address) => pathOf(address) !== 'relayed').toSorted((a, b) => pathRank(pathOf(a)) - pathRank(pathOf(b)))
  }

  /** Addresses through some relay. */
  relayed(device: DeviceId): readonly Multiaddr[] {
    return this.#of(device).filter((address) => pathOf(address) === 'relayed')
  }

  #of(device: DeviceId): Multiaddr[] {
    return (this.#byPeer.get(device) ?? []).map((address) => multiaddr(address))
  }
}

/** The address with the peer's id at its end; undefined if it cannot be one of that peer. */
function dialable(device: DeviceId, text: string): string | undefined {
  if (text.length > 2 * limits.addressBytes) return undefined
  let address: Multiaddr
  try {
    address = multiaddr(text)
  } catch {
    return undefined // written by a newer version, or nonsense: either way nothing we can dial
  }
  const parts = address.getComponents()
  // WebRTC is negotiated over a circuit that stands; it is never dialled from an address that somebody told.
  if (!parts.some(({ name }) => name === 'tcp') || parts.some(({ name }) => name === 'webrtc')) return undefined
  const last = parts.at(-1)
  if (last?.name !== 'p2p') return `${address.toString()}/p2p/${deviceToPeerId(device).toString()}`
  return peerIdTextToDevice(last.value ?? '') === device ? address.toString() : undefined
}
