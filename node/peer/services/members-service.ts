import type { MemberState } from '../../../crdt/members/view.ts'
import { outranks } from '../../../crdt/members/validity.ts'
import type { Pin } from '../../../crdt/members/ops.ts'
import type { MemberId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Member, MembersService } from '../../ports/services.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'

export function membersService(mesh: () => RunningMesh): MembersService {
  return {
    async list() {
      const { membership, identity } = mesh().replica
      const own = membership.memberOf(identity.device)
      return membership.now().members().map((state): Member => shown(mesh(), state, own))
    },
    async remove(name) {
      const running = mesh()
      const { replica, names } = running
      const member = names.find(name)
      const shownName = names.member(member)
      refuseWhereUseless(running, member, shownName)
      const devices = replica.membership.now().member(member)?.devices ?? []
      // What we hold now of the removed one's logs stands; what it shows later does not (rule T4).
      await replica.operate(() => [{ type: 'remove', grant: replica.grant(), member, pins: pinsNow(running, member) }], { rotate: true })
      return { member, name: shownName, devices: devices.length, rotated: true, voided: 0 }
    },
  }
}

function shown(mesh: RunningMesh, state: MemberState, own: MemberId | undefined): Member {
  return {
    member: state.id,
    name: mesh.names.member(state.id),
    role: state.role,
    status: state.status,
    you: state.id === own,
    devices: state.devices.map((device) => ({ device, online: mesh.isOnline(device) })),
    admitted_by: state.admittedBy ? mesh.names.member(state.admittedBy) : null,
    joined_at: state.since,
  }
}

function pinsNow({ replica }: RunningMesh, member: MemberId): Pin[] {
  return [...replica.logs()].filter(({ type, device }) => type === 'content' && replica.membership.memberOf(device) === member).map(({ log, seq, id }) => ({ log, seq, id }))
}

/** Says before anything is written why a removal would have no effect (rule T5). */
function refuseWhereUseless({ replica }: RunningMesh, member: MemberId, name: string): void {
  const { membership, identity } = replica
  const self = membership.now().device(identity.device)
  if (!self) throw new AtollError('removed', { at: 'an earlier day' })
  if (self.member === member) throw new AtollError('not_removable', { name, why: 'that is you; `atoll leave` leaves the mesh' })
  const state = membership.now().member(member)
  if (state?.status !== 'active') throw new AtollError('not_removable', { name, why: `they have ${state?.status === 'left' ? 'left' : 'been removed'} already` })
  const grants = [...membership.history.grants.values()].filter((grant) => grant.member === member && membership.now().reading.isLive(grant.at))
  const own = membership.history.grants.get(membership.history.at(self.grant) as number)
  if (self.role === 'guest' || self.role === 'mirror' || self.role === 'service') throw new AtollError('not_permitted', { role: self.role, what: 'removing a member', needs: 'member' })
  if (own && !grants.every((grant) => outranks(own, grant, membership.history))) {
    throw new AtollError('not_removable', { name, why: `their role ${state.role} is not below yours, and it was not you who gave it (equals cannot remove each other)` })
  }
}
