import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError } from '../../ports/errors.ts'
import type { RelaysService, RelayState } from '../../ports/services.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import type { ServicesHost } from './services-host.ts'

export function relaysService(peer: ServicesHost, mesh: () => RunningMesh): RelaysService {
  const states = (): readonly RelayState[] => {
    const known = peer.needs.network.relays()
    return mesh().relays().map((address) => known.find((state) => state.address === address) ?? { address, connected: false, reserved: false, rtt_ms: null, error: null })
  }
  const write = async (relays: readonly string[]): Promise<void> => {
    await mesh().replica.write([{ type: 'set', doc: 'mesh', key: 'relays', value: JSON.stringify(relays) }])
  }
  return {
    async add(address) {
      checkRelay(address)
      const relays = mesh().relays()
      if (relays.length >= limits.relaysPerMesh) throw new AtollError('bad_input', { what: `A mesh uses at most ${limits.relaysPerMesh} relays; remove one first.` })
      if (!relays.includes(address)) await write([...relays, address])
      return states()
    },
    async remove(address) {
      const relays = mesh().relays()
      if (!relays.includes(address)) throw new AtollError('relay_unknown', { address })
      await write(relays.filter((relay) => relay !== address))
      return states()
    },
    async list() {
      return states()
    },
  }
}

/** A relay's address names its peer id, so that what answers can prove that it is the one. */
export function checkRelay(address: string): void {
  const refuse = (why: string): never => {
    throw new AtollError('bad_input', { what: `${address.slice(0, 120)} is not the address of a relay: ${why}. It looks like /dns4/relay.example/tcp/443/wss/p2p/12D3Koo…, as \`atoll relay\` prints it.` })
  }
  if (new TextEncoder().encode(address).length > limits.addressBytes) refuse('it is too long')
  if (!/^\/(?:ip4|ip6|dns|dns4|dns6)\/[^/\s]+\/tcp\/\d{1,5}(?:\/[^\s]*)?$/.test(address)) refuse('it does not name a host and a TCP port')
  if (!/\/p2p\/[A-Za-z0-9]{40,80}$/.test(address)) refuse('it does not end with the relay\'s id, /p2p/…')
}
