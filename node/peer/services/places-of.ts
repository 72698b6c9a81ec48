import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { ServicesHost } from './services-host.ts'

/** What a link says of where to look. */
interface Whereabouts {
  /** Whoever made it. */
  readonly device: DeviceId
  /** Relays, or the device's own addresses. */
  readonly addresses: readonly string[]
  /** The rendezvous code to look behind. */
  readonly code: Uint8Array
}

/**
 * Whoever made a link, where its address is known or it stands behind the code, then whoever else stands there: a relay, or
 * anybody who knows the code, can put strangers before members, but none in the place of the device that the link names.
 */
export async function placesOf(peer: ServicesHost, { device: maker, addresses, code }: Whereabouts, signal: AbortSignal): Promise<readonly DeviceId[]> {
  const { network } = peer.needs
  const direct = addresses.filter((address) => peer.needs.deviceOf(address) === maker)
  const relays = addresses.filter((address) => !direct.includes(address))
  if (direct.length > 0) network.learn(maker, direct)
  // With no relay it is somewhere near, perhaps at another address than it had when it made the link.
  const found = relays.length > 0 ? await network.lookUp(code, relays, signal) : await network.nearby(signal)
  return [...new Set([...(direct.length > 0 || found.includes(maker) ? [maker] : []), ...found])].filter((device) => device !== peer.identity.device).slice(0, limits.peersPerCode)
}
