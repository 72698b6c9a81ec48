/** Whether this node may let somebody in by an invite now. */
import type { MemberEntry } from '../../../crdt/members/history.ts'
import type { OpOf } from '../../../crdt/members/ops.ts'
import { granters, rank, stewards } from '../../../crdt/members/roles.ts'
import type { EntryId } from '../../../crdt/wire/ids.ts'
import type { Clock } from '../../ports/runtime.ts'
import type { Replica } from '../replica/replica.ts'
import { closeReason, usersOf } from './invites.ts'
import { Refusal } from './refusal.ts'

/** The operation that opened an invite, whatever became of it. Throws Refusal. */
export function inviteOpened({ membership: { history } }: Replica, opened: EntryId): OpOf<'invite'> {
  const at = history.at(opened)
  const op = at === undefined ? undefined : history.entries[at]?.op
  if (op?.type !== 'invite') throw new Refusal('invite_unknown')
  return op
}

/** Throws Refusal where the invite has ended, or where this node is not who may admit by it. */
export function checkInvite(replica: Replica, opened: EntryId, clock: Clock): void {
  const invite = inviteOpened(replica, opened)
  const { history } = replica.membership
  const at = history.at(opened) as number
  const { reading } = replica.membership.now()
  const inviter = (history.entries[at] as MemberEntry).device
  // An invite ends with its inviter's place in the mesh.
  const inForce = reading.stands(at) && reading.isLive(history.grantBehind(at).at) && reading.isUsable(inviter, history.grantBehind(at))
  if (!inForce) throw new Refusal('invite_revoked')
  const closed = closeReason(replica, opened)
  if (closed === 'revoked') throw new Refusal('invite_revoked')
  if (closed === 'spent') throw new Refusal('invite_used_up')
  if (closed === 'expired' || (invite.expires > 0 && clock.now() > invite.expires)) throw new Refusal('invite_expired', new Date(invite.expires).toISOString())
  const self = replica.membership.now().device(replica.identity.device)
  if (self && invite.approval === 'steward' && !stewards.has(self.role)) throw new Refusal('needs_admin')
  if (!self || !granters.has(self.role) || rank(self.role) < rank(invite.role)) throw new Refusal('nobody_online')
  if (usersOf(replica, opened).size >= invite.uses) throw new Refusal('invite_used_up')
}
