import { isDeviceLink } from '../../../crdt/members/device-link.ts'
import { parseLink, type InviteLink } from '../../../crdt/members/link.ts'
import { meets } from '../../../crdt/members/permissions.ts'
import { signingPair, type SigningPair } from '../../../crdt/crypto/sign.ts'
import type { MemberId, MeshId } from '../../../crdt/wire/ids.ts'
import type { MeshesService } from '../../ports/services.ts'
import { foundMesh } from '../mesh/found-mesh.ts'
import { checkName } from '../mesh/names.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import type { ServicesHost } from './services-host.ts'
import { enterMesh } from './enter-mesh.ts'
import { joinSomebody } from './join-somebody.ts'
import { joined } from './joined.ts'
import { joinByDeviceLink } from './link-device.ts'
import { linkRefusal } from './link-refusal.ts'
import { checkRelay } from './relays-service.ts'
import { summaryOf } from './mesh-service.ts'

const onThisNetworkOnly = 'Reachable on this network only until you add a relay: `atoll relay add ADDRESS`.'
const namedByStewards = 'In this mesh owners and admins say what members are called: ask one of them to name you (`atoll member rename`).'

export function meshesService(peer: ServicesHost): MeshesService {
  const { profile, runtime, config } = peer.needs
  return {
    async create({ name, relays, as, history = 'all' }) {
      const meshName = checkName(name)
      const own = checkName(as ?? (config.current().name || profile.machine))
      for (const relay of relays) checkRelay(relay)
      const root = newRoot()
      const { mesh, founding } = foundMesh(peer.identity, root, runtime, history)
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
      if (isDeviceLink(pasted)) return joinByDeviceLink(peer, pasted, { name, wait, progress, signal })
      const link = linkOf(pasted)
      const mesh = link.mesh as MeshId
      const own = checkName(name ?? (config.current().name || profile.machine))
      // A device belongs to one member for good: under another root nobody would let it in again after it left.
      const kept = profile.keptRoot(mesh)
      const root = kept ? signingPair(kept) : newRoot()
      const running = await enterMesh(peer, mesh, (replica) => joinSomebody(peer, { link, root, keepRoot: () => profile.keepRoot(mesh, root.seed), replica, name: own }, { wait, progress, signal }))
      const member = running.replica.membership.memberOf(peer.identity.device) as MemberId
      // Who was in it before has a name there, unless another was typed now.
      const unnamed = (name !== undefined || member === root.publicKey) && !(await nameOneself(running, member, own))
      progress('joined; fetching what the mesh holds')
      await peer.caughtUp(running, signal)
      await running.defaults.adopt()
      const notes = [...(unnamed ? [namedByStewards] : []), ...defaultsNote(running)]
      return { ...joined(running, member), ...(notes.length > 0 ? { note: notes.join(' ') } : {}) }
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

/** @returns false where the mesh's policy leaves names to owners and admins (rule P4) */
async function nameOneself({ replica }: RunningMesh, member: MemberId, name: string): Promise<boolean> {
  const view = replica.membership.now()
  const self = view.device(replica.identity.device)
  if (self && !meets({ type: 'profile', of: member, field: 'name' }, self, view)) return false
  await replica.write([{ type: 'set', doc: 'members', key: member, value: JSON.stringify({ name }) }])
  return true
}

/** What the invite said that sessions begin with, where that is anything. */
function defaultsNote({ defaults }: RunningMesh): readonly string[] {
  const { groups, messages } = defaults.current()
  const said = [
    ...(groups.length > 0 ? [`Your sessions begin in ${groups.length === 1 ? 'the group' : 'the groups'} ${groups.join(', ')}.`] : []),
    ...(messages === 'mentions' ? ['Only messages to you or a session by name reach it unasked.'] : messages === 'none' ? ['No message reaches a session unasked.'] : []),
  ]
  return said.length === 0 ? [] : [...said, '`atoll session defaults` changes that.']
}

function linkOf(pasted: string): InviteLink {
  const parsed = parseLink(pasted)
  if (parsed.ok) return parsed.link
  throw linkRefusal(parsed)
}
