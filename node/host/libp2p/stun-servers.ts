import { multiaddr } from '@multiformats/multiaddr'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { peerIdTextToDevice } from './device-peer-id.ts'
import type { StunServer } from './stun-client.ts'

const serversPerRelay = 8

/**
 * The STUN servers among the addresses that a relay gave: those with a UDP port, on the relay itself.
 * @param addresses multiaddrs in bytes, from the relay
 */
export function stunServers(addresses: readonly Uint8Array[], relay: DeviceId): readonly StunServer[] {
  return addresses.flatMap((bytes) => server(bytes, relay)).slice(0, serversPerRelay)
}

function server(bytes: Uint8Array, relay: DeviceId): readonly StunServer[] {
  try {
    const parts = multiaddr(bytes).getComponents()
    const [host, udp, peer, ...more] = parts
    const named = host !== undefined && ['ip4', 'ip6', 'dns', 'dns4', 'dns6'].includes(host.name)
    if (!named || udp?.name !== 'udp' || more.length > 0 || peer?.name !== 'p2p' || peerIdTextToDevice(peer.value ?? '') !== relay) return []
    return host.value === undefined || !/^[\w.:-]+$/.test(host.value) ? [] : [{ host: host.value, port: Number(udp.value) }]
  } catch {
    return [] // no address: written by a newer relay, or nonsense
  }
}
