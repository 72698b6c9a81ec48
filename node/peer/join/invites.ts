/** Invites as the membership shows them. */
import { inviteCode } from '../../../crdt/members/link.ts'
import type { MemberEntry } from '../../../crdt/members/history.ts'
import type { OpOf } from '../../../crdt/members/ops.ts'
import type { EntryId, MemberId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { Replica } from '../replica/replica.ts'

export type CloseReason = OpOf<'close'>['reason']

/** Why an invite is closed, or undefined while it is open. */
export function closeReason(replica: Replica, opened: EntryId): CloseReason | undefined {
  const { history } = replica.membership
  const { reading } = replica.membership.now()
  const closes = (history.closes.get(history.at(opened) ?? -1) ?? []).filter((at) => reading.stands(at))
  const reasons = closes.map((at) => ((history.entries[at] as MemberEntry).op as OpOf<'close'>).reason)
  return reasons.includes('revoked') ? 'revoked' : reasons.sort()[0]
}

/** Who came in by an invite. Somebody whom two let in without knowing of each other used it once. */
export function usersOf(replica: Replica, opened: EntryId): ReadonlySet<MemberId> {
  const { history } = replica.membership
  const { reading } = replica.membership.now()
  const standing = (history.admissions.get(history.at(opened) ?? -1) ?? []).filter((at) => reading.stands(at))
  return new Set(standing.map((at) => ((history.entries[at] as MemberEntry).op as OpOf<'admit'>).member))
}

export interface InviteState {
  readonly opened: EntryId
  readonly op: OpOf<'invite'>
  readonly by: MemberEntry['device']
  readonly used: number
  readonly closed: CloseReason | undefined
}

/** All invites that stand, oldest first. */
export function invitesOf(replica: Replica): readonly InviteState[] {
  const { history } = replica.membership
  const { reading } = replica.membership.now()
  return history.entries.flatMap((entry, at) => {
    if (entry.op.type !== 'invite' || !reading.stands(at)) return []
    return [{ opened: entry.id, op: entry.op, by: entry.device, used: usersOf(replica, entry.id).size, closed: closeReason(replica, entry.id) }]
  })
}

/** Codes of the newest invites, the open ones before the closed. */
export function inviteCodes(replica: Replica): readonly Uint8Array[] {
  const invites = invitesOf(replica)
  const open = invites.filter(({ closed }) => closed === undefined)
  const newest = [...invites.filter(({ closed }) => closed !== undefined), ...open].slice(-limits.codesPerPeer / 4)
  return newest.map(({ op }) => inviteCode(op.invite, replica.mesh))
}
