/** Exceptions that policies make for one member: which there are, and making one. */
import type { Grant } from '../../../crdt/members/history.ts'
import type { Membership } from '../../../crdt/members/membership.ts'
import { exceptionOf, holds } from '../../../crdt/members/permissions.ts'
import { contentPermissions, encodePolicy, type Choice, type ContentPermission } from '../../../crdt/members/policy.ts'
import { readers } from '../../../crdt/members/roles.ts'
import { outranks } from '../../../crdt/members/validity.ts'
import type { MemberState } from '../../../crdt/members/view.ts'
import type { EntryId, MemberId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Exception, MembersService } from '../../ports/services.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'

export async function makeException(running: RunningMesh, name: string, permission: ContentPermission, choice: Choice): ReturnType<MembersService['except']> {
  const { replica, names } = running
  const member = names.find(name)
  const { role } = refuseException(running, member, choice)
  const before = exceptionOf(replica.membership.now(), member, permission)
  if (before !== choice) await replica.operate(() => [{ type: 'policy', grant: replica.grant(), payload: encodePolicy({ type: 'except', member, permission, choice }) }])
  return { member, name: names.member(member), permission, before, choice, may: holds(permission, { member, role }, replica.membership.now()) }
}

export function exceptionsOf({ replica }: RunningMesh, member: MemberId): Exception[] {
  return (Object.keys(contentPermissions) as ContentPermission[]).flatMap((permission) => {
    const choice = exceptionOf(replica.membership.now(), member, permission)
    return choice === 'default' ? [] : [{ permission, choice }]
  })
}

/** Whether who uses a grant could remove a member: every live grant of the member is below it (rules T4, P3). */
export function outranksMember(membership: Membership, by: EntryId, member: MemberId): boolean {
  const { history } = membership
  const own = history.grants.get(history.at(by) as number)
  const live = (history.grantsOf.get(member) ?? []).filter((at) => membership.now().reading.isLive(at))
  return own !== undefined && live.every((at) => outranks(own, history.grants.get(at) as Grant, history))
}

/** Says before anything is written why an exception would have no effect (rule P3). @returns the member as it is */
function refuseException({ replica: { membership, identity }, names }: RunningMesh, member: MemberId, choice: Choice): MemberState {
  const own = membership.now().device(identity.device)
  const state = membership.now().member(member)
  const refuse = (why: string): never => {
    throw new AtollError('exception_refused', { name: names.member(member), why })
  }
  if (state?.status !== 'active') return refuse(`they have ${state?.status === 'left' ? 'left' : 'been removed'}`)
  if (!own || own.member === member) return refuse('that is you; another owner or admin may, who stands above you')
  if (!outranksMember(membership, own.grant, member)) return refuse(`their role ${state.role} is not below yours, and it was not you who gave it`)
  if (choice === 'allow' && !readers.has(state.role)) return refuse(`a ${state.role} holds no keys, so it cannot write; give them another role with \`atoll member role\``)
  return state
}
