import type { Grant } from '../../../crdt/members/history.ts'
import type { MemberState } from '../../../crdt/members/view.ts'
import type { MemberOp, Pin } from '../../../crdt/members/ops.ts'
import { rank, stewards, type Role } from '../../../crdt/members/roles.ts'
import type { MemberId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Clock } from '../../ports/runtime.ts'
import type { Member, MembersService, Removal } from '../../ports/services.ts'
import { invitesOf } from '../join/invites.ts'
import { profileChange } from '../mesh/profiles.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import { confirmMember } from './confirm-member.ts'
import { exceptionsOf, makeException, outranksMember } from './exceptions.ts'
import { pinsNow } from './pins-now.ts'
import { verifyMember } from './verify-member.ts'

export function membersService(mesh: () => RunningMesh, clock: Clock): MembersService {
  return {
    list: async () => membersOf(mesh()),
    async find(name) {
      const member = name === undefined ? undefined : mesh().names.find(name)
      return membersOf(mesh()).filter((one) => (member === undefined ? one.status === 'active' : one.member === member))
    },
    except: (name, permission, choice) => makeException(mesh(), name, permission, choice),
    async remove(name, preview = false) {
      const running = mesh()
      const { replica, names } = running
      const member = names.find(name)
      const shownName = names.member(member)
      refuseWhereUseless(running, member, shownName)
      const devices = replica.membership.now().member(member)?.devices ?? []
      const removal = { member, name: shownName, devices: devices.length, ...hangingOn(running, member) }
      if (preview) return { ...removal, done: false, rotated: false }
      // What we hold now of the removed one's logs stands; what it shows later does not (rule T4).
      await replica.operate(() => [{ type: 'remove', grant: replica.grant(), member, pins: pinsOf(running, member) }], { rotate: true })
      return { ...removal, done: true, rotated: true }
    },
    async setRole(name, role) {
      const running = mesh()
      const { replica, names } = running
      const member = names.find(name)
      const state = refuseRole(running, member, role)
      const answer = { member, name: names.member(member), before: state.role, role, exceptions: exceptionsOf(running, member) }
      if (state.role === role) return { ...answer, rotated: false }
      const promotion = (): MemberOp => ({ type: 'promote', grant: replica.grant(), member, role, devices: state.devices })
      if (rank(role) > rank(state.role)) {
        await replica.operate(() => [promotion()])
        return { ...answer, rotated: false }
      }
      // The best role counts, so the higher one is taken first; what is given in knowledge of that stands (rule T4).
      refuseWhereUseless(running, member, names.member(member))
      await replica.operate(() => [{ type: 'remove', grant: replica.grant(), member, pins: pinsOf(running, member) }, promotion()], { rotate: true })
      return { ...answer, rotated: true }
    },
    confirm: (name, withdraw) => confirmMember(mesh(), name, withdraw),
    verify: (input) => verifyMember(mesh(), input, clock),
    async rename(name, to) {
      const { replica, names } = mesh()
      const member = names.find(name)
      const own = replica.membership.now().device(replica.identity.device)
      if (member !== own?.member && !stewards.has(own?.role ?? 'mirror')) throw new AtollError('not_permitted', { role: own?.role ?? 'none', what: 'renaming somebody else', needs: 'owner or admin' })
      const before = names.member(member)
      await replica.write([profileChange(names, member, 'name', to)])
      return { member, before, name: names.member(member) }
    },
  }
}

function membersOf(mesh: RunningMesh): Member[] {
  const { membership, identity } = mesh.replica
  const own = membership.memberOf(identity.device)
  return membership.now().members().map((state): Member => shown(mesh, state, own))
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
    verification: mesh.verified.of(state.id),
    exceptions: exceptionsOf(mesh, state.id),
    confirmed: mesh.isConfirmed(state.id),
    joined_at: state.since,
  }
}

/** Who came in through a member, directly or through others, and how many of its invites are open. */
function hangingOn({ replica, names }: RunningMesh, member: MemberId): Pick<Removal, 'admitted' | 'invites'> {
  const { history } = replica.membership
  const view = replica.membership.now()
  const through = (grant: Grant): boolean => {
    for (let at = grant.parent; at !== undefined; at = history.grants.get(at)?.parent) if (history.grants.get(at)?.member === member) return true
    return false
  }
  const hanging = new Set([...history.grants.values()].filter((grant) => grant.member !== member && view.reading.isLive(grant.at) && through(grant)).map((grant) => grant.member))
  return {
    admitted: [...hanging].flatMap((id) => view.member(id) ?? []).map(({ id, role }) => ({ name: names.member(id), role })),
    invites: invitesOf(replica).filter(({ by, op, used, closed }) => replica.membership.memberOf(by) === member && closed === undefined && used < op.uses).length,
  }
}

const pinsOf = ({ replica }: RunningMesh, member: MemberId): Pin[] => pinsNow(replica, (device) => replica.membership.memberOf(device) === member)

/** Says before anything is written why a role cannot be given (rule T3). @returns the member as it is */
function refuseRole({ replica, names }: RunningMesh, member: MemberId, role: Role): MemberState {
  const view = replica.membership.now()
  const own = view.device(replica.identity.device)
  const state = view.member(member)
  const refuse = (why: string): never => {
    throw new AtollError('role_refused', { name: names.member(member), role, why })
  }
  if (state?.status !== 'active') return refuse(state?.status === 'left' ? 'they have left; invite them anew' : 'they were removed; invite them anew')
  if (!own || own.member === member) return refuse('that is you; somebody else gives you a role')
  if (rank(role) > rank(own.role)) return refuse(`you are ${own.role}, and nobody gives more than they have`)
  return state
}

/** Says before anything is written why a removal would have no effect (rule T5). */
function refuseWhereUseless({ replica }: RunningMesh, member: MemberId, name: string): void {
  const { membership, identity } = replica
  const self = membership.now().device(identity.device)
  if (!self) throw new AtollError('removed', { at: 'an earlier day' })
  if (self.member === member) throw new AtollError('not_removable', { name, why: 'that is you; `atoll leave` leaves the mesh' })
  const state = membership.now().member(member)
  if (state?.status !== 'active') throw new AtollError('not_removable', { name, why: `they have ${state?.status === 'left' ? 'left' : 'been removed'} already` })
  if (self.role === 'guest' || self.role === 'mirror' || self.role === 'service') throw new AtollError('not_permitted', { role: self.role, what: 'removing a member', needs: 'member' })
  if (!outranksMember(membership, self.grant, member)) {
    throw new AtollError('not_removable', { name, why: `their role ${state.role} is not below yours, and it was not you who gave it (equals cannot remove each other)` })
  }
}
