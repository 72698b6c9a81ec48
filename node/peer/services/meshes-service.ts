import { inviteCode, inviteKey, parseLink, type InviteLink } from '../../../crdt/members/link.ts'
import { signingPair, type SigningPair } from '../../../crdt/crypto/sign.ts'
import type { DeviceId, MemberId, MeshId } from '../../../crdt/wire/ids.ts'
import { protocols } from '../../../crdt/wire/protocols.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError, type ErrorCode } from '../../ports/errors.ts'
import type { Joined, MeshesService } from '../../ports/services.ts'
import { join, type JoinNeeds } from '../join/joiner.ts'
import { foundMesh } from '../mesh/found-mesh.ts'
import { checkName } from '../mesh/names.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import type { ServicesHost } from './services-host.ts'
import { enterMesh, untilNextRound } from './enter-mesh.ts'
import { checkRelay } from './relays-service.ts'
import { summaryOf } from './mesh-service.ts'

const onThisNetworkOnly = 'Reachable on this network only until you add a relay: `atoll relay add ADDRESS`.'

export function meshesService(peer: ServicesHost): MeshesService {
  const { profile, runtime, config } = peer.needs
  return {
    async create({ name, relays, as }) {
      const meshName = checkName(name)
      const own = checkName(as ?? (config.current().name || profile.machine))
      for (const relay of relays) checkRelay(relay)
      const root = newRoot()
      const { mesh, founding } = foundMesh(peer.identity, root, runtime)
      const replica = peer.openReplica(mesh)
      await replica.receive([founding])
      await replica.operate(() => [], { rotate: true })
      await replica.write([
        { type: 'set', doc: 'mesh', key: 'name', value: JSON.stringify({ name: meshName }) },
        { type: 'set', doc: 'members', key: root.publicKey, value: JSON.stringify({ name: own }) },
        ...(relays.length > 0 ? [{ type: 'set' as const, doc: 'mesh', key: 'relays', value: JSON.stringify(relays) }] : []),
      ])
      profile.keepRoot(mesh, root.seed)
      profile.keep(mesh)
      const running = peer.run(replica)
      return { ...joined(running, root.publicKey as MemberId), ...(relays.length === 0 ? { note: onThisNetworkOnly } : {}) }
    },

    async join({ link: pasted, name, wait }, progress, signal) {
      const link = linkOf(pasted)
      const mesh = link.mesh as MeshId
      const own = checkName(name ?? (config.current().name || profile.machine))
      // A device belongs to one member for good: under another root nobody would let it in again after it left.
      const kept = profile.keptRoot(mesh)
      const root = kept ? signingPair(kept) : newRoot()
      const running = await enterMesh(peer, mesh, (replica) => joinSomebody(peer, { link, root, keepRoot: () => profile.keepRoot(mesh, root.seed), replica }, { wait, progress, signal }))
      const member = running.replica.membership.memberOf(peer.identity.device) as MemberId
      // Who was in it before has a name there, unless another was typed now.
      if (name !== undefined || member === root.publicKey) await running.replica.write([{ type: 'set', doc: 'members', key: member, value: JSON.stringify({ name: own }) }])
      progress('joined; fetching what the mesh holds')
      await peer.caughtUp(running, signal)
      return joined(running, member)
    },

    async list() {
      return [...peer.meshes.values()].map((mesh) => summaryOf(peer, mesh))
    },

    async setDefault(named) {
      config.set('mesh', peer.meshFor(named).id)
    },
  }

  function newRoot(): SigningPair {
    return signingPair(runtime.random.bytes(32))
  }
}

/** What founding, joining and restoring answer. */
export function joined(mesh: RunningMesh, member: MemberId): Joined {
  const role = mesh.replica.membership.now().member(member)?.role ?? 'member'
  return { mesh: mesh.id, name: mesh.names.mesh(), member, member_name: mesh.names.member(member), role }
}

function linkOf(pasted: string): InviteLink {
  const parsed = parseLink(pasted)
  if (parsed.ok) return parsed.link
  throw parsed.problem === 'version' ? new AtollError('link_version', { version: parsed.version }) : new AtollError('link_malformed', { why: parsed.why })
}

/** Refusals that another member may not share: its clock is right, or it has heard of the invite. */
const oneMembersWord: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['invite_expired', 'invite_unknown', 'invite_forged'])

/** Refusals for good, which still are words of somebody who has shown nothing: a relay may have named anybody. */
const lastWords: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['invite_revoked', 'invite_used_up'])
/** So many who say so are believed. */
const believed = 3

/** Tries everybody who stands behind the invite until one lets us in, or some say no for good. */
async function joinSomebody(peer: ServicesHost, what: Pick<JoinNeeds, 'link' | 'root' | 'keepRoot' | 'replica'>, how: { readonly wait: boolean; readonly progress: (text: string) => void; readonly signal: AbortSignal }): Promise<void> {
  const { network, runtime } = peer.needs
  for (let round = 0; ; round++) {
    how.signal.throwIfAborted()
    how.progress(round === 0 ? 'looking for a member who is online' : 'nobody is online yet; waiting')
    let last: unknown = new AtollError('nobody_online')
    let refused: AtollError | undefined
    const final: AtollError[] = []
    for (const device of await candidates(peer, what.link, how.signal)) {
      try {
        const stream = await network.open(device, protocols.join, how.signal)
        how.progress('asking to be let in')
        await join(stream, { ...what, identity: peer.identity, runtime })
        return
      } catch (error) {
        if (error instanceof AtollError && lastWords.has(error.code)) final.push(error)
        else if (error instanceof AtollError && oneMembersWord.has(error.code)) refused ??= error
        else if (error instanceof AtollError && !error.retry && error.code !== 'peer_unreachable') throw error
        last = error
        if (final.length >= believed) break
      }
    }
    const no = final[0] ?? refused
    if (no) throw no
    if (!how.wait) throw last instanceof AtollError ? last : new AtollError('nobody_online', {}, { cause: last })
    await untilNextRound(runtime, how.signal)
  }
}

/** The inviter where its address is known, then whoever stands behind the invite at its relays. */
async function candidates(peer: ServicesHost, link: InviteLink, signal: AbortSignal): Promise<readonly DeviceId[]> {
  const { network } = peer.needs
  const direct = link.addresses.filter((address) => peer.needs.deviceOf(address) === link.inviter)
  const relays = link.addresses.filter((address) => !direct.includes(address))
  if (direct.length > 0) network.learn(link.inviter, direct)
  const code = inviteCode(inviteKey(link.secret).publicKey, link.mesh)
  // With no relay it is somewhere near, perhaps at another address than it had when it made the link.
  const found = relays.length > 0 ? await network.lookUp(code, relays, signal) : await network.nearby(signal)
  return [...new Set([...(direct.length > 0 ? [link.inviter] : []), ...found])].filter((device) => device !== peer.identity.device).slice(0, limits.peersPerCode)
}
