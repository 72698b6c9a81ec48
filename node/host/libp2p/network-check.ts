import { networkInterfaces } from 'node:os'
import { isIP } from 'node:net'
import type { NetworkFacts } from '../../ports/network.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { NatKind } from '../../ports/services.ts'
import type { Relays } from './relays.ts'
import { askStun, natKind, type Mapping, type StunServer } from './stun-client.ts'

const families = [4, 6] as const

/**
 * What this machine has on the network: its addresses, and what the relays in use see of it over UDP.
 * @param signal ends it early with what is known by then
 */
export async function checkNetwork(relays: Relays, runtime: Runtime, signal: AbortSignal): Promise<NetworkFacts> {
  const own = ownAddresses()
  const servers = relays.stun()
  const answers = await Promise.all(families.map(async (family) => {
    const addresses = own.filter((address) => isIP(address) === family)
    const asked = servers.flat().filter(({ host }) => isIP(host) === family || isIP(host) === 0)
    const none: Mapping = { local_port: 0, seen: [] }
    const mapping = addresses.length === 0 || asked.length === 0 ? none : await askStun(asked, family, runtime, signal)
    const nat: NatKind = mapping.seen.length === 0 ? 'unknown' : natKind(mapping, [...addresses, '127.0.0.1', '::1'])
    return { family, addresses, nat, seen: mapping.seen.find((one) => one !== null) ?? null, answering: asked.filter((_, index) => mapping.seen[index] !== null) }
  }))
  const answering = new Set<StunServer>(answers.flatMap((answer) => answer.answering))
  return { families: answers.map(({ family, addresses, nat, seen }) => ({ family, addresses, nat, seen })), stun: servers.map((each) => each.some((server) => answering.has(server))) }
}

/** Of the machine's addresses those that others may see: neither its own loopback nor link-local ones. */
function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((all = []) => all).filter(({ internal, address }) => !internal && !/^fe80|^169\.254\./.test(address)).map(({ address }) => address)
}

/** The better of what both families say: one way through is enough. */
export function bestNat({ families: all }: NetworkFacts): NatKind {
  const order: readonly NatKind[] = ['none', 'ordinary', 'symmetric', 'unknown', 'udp-blocked']
  return order.find((kind) => all.some(({ nat, addresses }) => nat === kind && addresses.length > 0)) ?? 'unknown'
}
