/**
 * Which keys of earlier epochs a newcomer may have. The mesh says so at its founding and an invite again; the stricter
 * holds. `none`: none of the epochs that its admission knew. `since`: none of those that its invite knew.
 */
import { opAt, type MemberEntry } from './history.ts'
import type { Membership } from './membership.ts'
import type { OpOf } from './ops.ts'
import type { DeviceId, MemberId } from '../wire/ids.ts'

export type HistoryPolicy = OpOf<'invite'>['history']
const strictness: Readonly<Record<HistoryPolicy, number>> = { all: 0, since: 1, none: 2 }

export const stricter = (a: HistoryPolicy, b: HistoryPolicy): HistoryPolicy => (strictness[a] >= strictness[b] ? a : b)

/** What the mesh was founded with. */
export function policyOfMesh({ history }: Pick<Membership, 'history'>): HistoryPolicy {
  const founding = history.entries[0]?.op
  return founding?.type === 'found' ? founding.history : 'all'
}

/** Whether a device may be handed the key of an epoch. @param epochAt the position of its rotation */
export function mayHaveKey(membership: Membership, device: DeviceId, epochAt: number): boolean {
  const member = membership.memberOf(device)
  const anchor = member && anchorOf(membership, member)
  return anchor === undefined || !membership.history.inPast(anchor, epochAt)
}

/** Epochs in the past of this entry are not the member's to read; undefined: all are. Of several admissions the latest counts. */
function anchorOf(membership: Membership, member: MemberId): number | undefined {
  const { history } = membership
  const { reading } = membership.now()
  const entry = (at: number): MemberEntry => history.entries[at] as MemberEntry
  const given = (history.grantsOf.get(member) ?? []).filter((at) => entry(at).op.type !== 'promote' && reading.stands(at))
  const later = (a: number, b: number): number => (history.depths[b] as number) - (history.depths[a] as number) || (entry(a).id < entry(b).id ? -1 : 1)
  const [latest] = given.sort(later)
  if (latest === undefined || entry(latest).op.type === 'found') return undefined
  const { invite } = opAt<'admit'>(history, latest)
  const opened = invite && history.at(invite.opened)
  const policy = stricter(policyOfMesh(membership), opened === undefined ? 'all' : opAt<'invite'>(history, opened).history)
  if (policy === 'all') return undefined
  return policy === 'since' && opened !== undefined ? opened : latest
}
