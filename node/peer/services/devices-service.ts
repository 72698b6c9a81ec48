import { deviceNameKey } from '../../../crdt/docs/need.ts'
import { formatDeviceLink } from '../../../crdt/members/device-link.ts'
import { proveRootRemoval } from '../../../crdt/members/proofs.ts'
import type { MemberOp } from '../../../crdt/members/ops.ts'
import { writers } from '../../../crdt/members/roles.ts'
import { signingPair, type SigningPair } from '../../../crdt/crypto/sign.ts'
import type { DeviceId, EntryId, MemberId } from '../../../crdt/wire/ids.ts'
import type { DeviceState } from '../../../crdt/members/view.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError } from '../../ports/errors.ts'
import type { DevicesService, OwnDevice } from '../../ports/services.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import { checkName } from '../mesh/names.ts'
import { addressesFor, qrLines } from './link-parts.ts'
import { pinsNow } from './pins-now.ts'
import type { ServicesHost } from './services-host.ts'

export function devicesService(peer: ServicesHost, mesh: () => RunningMesh): DevicesService {
  return {
    async list() {
      const running = mesh()
      const own = running.replica.membership.now().device(peer.identity.device)
      const devices = own ? (running.replica.membership.now().member(own.member)?.devices ?? []) : []
      const root = own && rootOf(peer, running, own.member)
      return devices.map((device) => shown(peer, running, device, root !== undefined))
    },
    async link({ all, lasts_ms }) {
      const chosen = mesh()
      const others = all ? [...peer.meshes.values()].filter((one) => one !== chosen && one.replica.membership.now().device(peer.identity.device)) : []
      selfIn(chosen, peer)
      const meshes = [chosen, ...others].slice(0, limits.meshesPerDeviceLink)
      const secret = peer.deviceLinks.open(meshes.map(({ id }) => id), lasts_ms)
      const link = formatDeviceLink({ device: peer.identity.device, addresses: addressesFor(chosen.relays(), peer.needs.network), secret })
      return { link, qr: qrLines(link), expires_at: peer.needs.runtime.clock.now() + lasts_ms, meshes: meshes.map(({ names }) => names.mesh()) }
    },
    asking: (signal) => peer.deviceLinks.asking(signal),
    async confirm(code) {
      const { device, meshes } = await peer.deviceLinks.confirm(code)
      return { device, meshes: meshes.map((id) => peer.meshes.get(id)?.names.mesh() ?? id) }
    },
    async refuse() {
      peer.deviceLinks.refuse()
    },
    async rename(typed, to) {
      const running = mesh()
      const { member } = selfIn(running, peer)
      const device = findOwn(running, member, typed)
      const name = checkName(to)
      await running.replica.write([{ type: 'set', doc: 'members', key: deviceNameKey(member, device), value: JSON.stringify({ name }) }])
      return { device, name }
    },
    async remove(typed) {
      const running = mesh()
      const { replica } = running
      const self = selfIn(running, peer)
      const device = findOwn(running, self.member, typed)
      const refuse = (why: string): never => {
        throw new AtollError('device_not_removable', { device: device.slice(0, 12), why })
      }
      if (device === peer.identity.device) return refuse('it is this one; `atoll leave` leaves the mesh')
      const isLinked = leads(running, peer.identity.device, device, self.member)
      const root = isLinked ? undefined : rootOf(peer, running, self.member)
      if (!isLinked && !root) return refuse('this one did not link it, and your root key is not kept here; do it where it is, or come back from a backup first')
      const rotate = writers.has(self.role)
      await replica.operate(() => [(parents) => removal(running, peer.identity.device, device, parents, root)], { rotate })
      return { device, by_root_key: root !== undefined, rotated: rotate }
    },
  }
}

/** This device's place in a mesh. Throws removed. */
function selfIn({ replica }: RunningMesh, peer: ServicesHost): DeviceState {
  const self = replica.membership.now().device(peer.identity.device)
  if (!self) throw new AtollError('removed', { at: 'an earlier day' })
  return self
}

/** Which of one's own devices is meant, by name or id. Throws device_unknown, device_name_taken. */
function findOwn({ replica, names }: RunningMesh, member: MemberId, typed: string): DeviceId {
  const devices = replica.membership.now().member(member)?.devices ?? []
  const wanted = typed.normalize('NFC').trim()
  const named = devices.filter((device) => names.ofDevice(device) === wanted)
  const byId = wanted.length >= 6 ? devices.filter((device) => device.startsWith(wanted.toLowerCase())) : []
  const [device, ...others] = named.length > 0 ? named : byId
  if (named.length > 1) throw new AtollError('device_name_taken', { name: wanted })
  if (device === undefined || others.length > 0) throw new AtollError('device_unknown', { device: typed })
  return device
}

/** What the root key signs covers where the entry will stand, so that it cannot be said again elsewhere (rule T5). */
function removal({ replica, id }: RunningMesh, by: DeviceId, device: DeviceId, parents: readonly EntryId[], root: SigningPair | undefined): MemberOp {
  const op = { type: 'removeDevice' as const, grant: replica.grant(), device, pins: pinsNow(replica, (author) => author === device) }
  return { ...op, rootProof: root && proveRootRemoval(id, { device: by, parents }, op, root) }
}

function shown(peer: ServicesHost, running: RunningMesh, device: DeviceId, root: boolean): OwnDevice {
  const { history } = running.replica.membership
  const view = running.replica.membership.now()
  const member = view.device(device)?.member
  const introduced = (history.introductions.get(device) ?? []).find(({ at }) => view.reading.stands(at))
  const entry = introduced && history.entries[introduced.at]
  const self = device === peer.identity.device
  return {
    device,
    name: running.names.ofDevice(device),
    this: self,
    online: self || running.isOnline(device),
    linked_by: entry?.op.type === 'link' && entry.device !== device ? entry.device : null,
    since: entry?.ms ?? 0,
    removable: !self && (root || (member !== undefined && leads(running, peer.identity.device, device, member))),
  }
}

function leads({ replica }: RunningMesh, upper: DeviceId, lower: DeviceId, member: MemberId): boolean {
  return replica.membership.now().reading.leads(upper, lower, member)
}

/** The member's root key, while it is kept in this profile. */
function rootOf(peer: ServicesHost, running: RunningMesh, member: MemberId): SigningPair | undefined {
  const seed = peer.needs.profile.keptRoot(running.id)
  const root = seed && signingPair(seed)
  return root?.publicKey === (member as string) ? root : undefined
}
