import { derive } from '../../../crdt/crypto/hash.ts'
import { signingPair, type SigningPair } from '../../../crdt/crypto/sign.ts'
import { fromHex, type DeviceId, type EntryId, type MemberId, type MeshId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { domains, protocols } from '../../../crdt/wire/protocols.ts'
import { AtollError } from '../../ports/errors.ts'
import type { RecoveryFacts, RecoveryService } from '../../ports/services.ts'
import { recover } from '../join/recover.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import type { Replica } from '../replica/replica.ts'
import { enterMesh, untilNextRound } from './enter-mesh.ts'
import { joined } from './joined.ts'
import { summaryOf } from './mesh-service.ts'
import type { ServicesHost } from './services-host.ts'

type RestoreInput = Parameters<RecoveryService['restore']>[0]

export function recoveryService(peer: ServicesHost): RecoveryService {
  return {
    async facts() {
      return [...peer.meshes.values()].flatMap((mesh) => factsOf(peer, mesh))
    },

    async restore(input, progress, signal) {
      const mesh = input.mesh as MeshId
      const root = signingPair(fromHex(input.root))
      const running = await enterMesh(peer, mesh, async (replica) => {
        await recoverFromSomebody(peer, input, { root, replica, progress, signal })
        peer.needs.profile.keepRoot(mesh, root.seed)
      })
      progress('you are back; fetching what the mesh holds')
      await peer.caughtUp(running, signal)
      const member = root.publicKey as MemberId
      const devices = running.replica.membership.now().member(member)?.devices ?? []
      return { ...joined(running, member), other_devices: devices.filter((device) => device !== peer.identity.device) }
    },
  }
}

/** Nothing where this device is not in the mesh any more: there is nothing to come back to. */
function factsOf(peer: ServicesHost, mesh: RunningMesh): readonly RecoveryFacts[] {
  const { membership } = mesh.replica
  const state = membership.now().device(peer.identity.device)
  if (!state || !mesh.replica.mayRead()) return []
  const others = new Set<string>(mesh.others())
  const known = [...mesh.knownAddresses()].filter(([device]) => others.has(device))
  return [{
    mesh: mesh.id,
    name: mesh.names.mesh(),
    member: state.member,
    member_name: summaryOf(peer, mesh).member_name,
    role: state.role,
    relays: mesh.relays(),
    peers: known.slice(0, limits.backupPeers).map(([device, addresses]) => ({ device, addresses: addresses.slice(0, limits.backupAddresses) })),
    frontier: membership.frontier(),
  }]
}

/** Which mesh, and where to look for it. */
type Places = Omit<RestoreInput, 'root'>

interface Recovery {
  readonly root: SigningPair
  readonly replica: Replica
  readonly progress: (text: string) => void
  readonly signal: AbortSignal
}

/** Tries everybody who may be in the mesh until one takes us back. */
export async function recoverFromSomebody(peer: ServicesHost, input: Places, { root, replica, progress, signal }: Recovery): Promise<void> {
  const { network, runtime } = peer.needs
  const frontier = input.frontier as readonly EntryId[]
  for (let round = 0; ; round++) {
    progress(round === 0 ? 'looking for a member who is online' : 'nobody is online yet; waiting')
    let last: unknown = new AtollError('nobody_online')
    let refused: AtollError | undefined
    for (const device of await candidates(peer, input, signal)) {
      signal.throwIfAborted()
      try {
        const stream = await network.open(device, protocols.recover, signal)
        progress('asking to be taken back')
        return await recover(stream, { root, frontier, replica, runtime, signal })
      } catch (error) {
        signal.throwIfAborted()
        // Anybody who knows the mesh may say so, somebody who was removed too: others are asked all the same.
        if (error instanceof AtollError && (error.code === 'recovery_refused' || error.code === 'history_stale')) refused ??= error
        else if (!(error instanceof AtollError) || (!error.retry && error.code !== 'peer_unreachable')) throw error
        last = error
      }
    }
    if (refused !== undefined && !input.wait) throw refused
    if (!input.wait) throw last instanceof AtollError && last.code !== 'peer_unreachable' ? last : new AtollError('nobody_online', {}, { cause: last })
    await untilNextRound(runtime, signal)
    signal.throwIfAborted()
  }
}

/** Whoever stands behind the mesh's code at its relays, then the devices it had, then anybody near. */
async function candidates(peer: ServicesHost, { mesh, relays, peers }: Places, signal: AbortSignal): Promise<readonly DeviceId[]> {
  const { network, log, deviceOf } = peer.needs
  const found = await network.lookUp(derive(domains.meshCode, fromHex(mesh)), relays, signal).catch((error: unknown) => {
    signal.throwIfAborted()
    log.info('no_relay_answered', { why: String(error) })
    return []
  })
  // On paper there is one list of addresses: of relays, or where a mesh has none of its devices.
  const perhaps = found.length > 0 ? [] : relays.flatMap((address) => ({ device: deviceOf(address), addresses: [address] }))
  const places = [...peers, ...perhaps].flatMap(({ device, addresses }) => (device === undefined ? [] : [{ device: device as DeviceId, addresses }]))
  for (const { device, addresses } of places) network.learn(device, addresses)
  const known = places.map(({ device }) => device)
  // On the local network whoever answers is asked: only who knows the mesh understands.
  const near = found.length + known.length === 0 ? await network.nearby(signal) : []
  return [...new Set([...found, ...known, ...near])].filter((device) => device !== peer.identity.device).slice(0, limits.peersPerCode)
}
