/** Operations on the membership in words, and why one has no effect. */
import type { History, MemberEntry } from '../../../crdt/members/history.ts'
import type { Membership } from '../../../crdt/members/membership.ts'
import type { MemberOp } from '../../../crdt/members/ops.ts'
import { decodePolicy } from '../../../crdt/members/policy.ts'
import { fallenBy } from '../../../crdt/members/pins.ts'
import type { MemberId } from '../../../crdt/wire/ids.ts'
import type { AuditKind } from '../../ports/services.ts'
import type { Names } from '../mesh/names.ts'

export interface Told {
  readonly kind: AuditKind
  readonly text: string
}

/** What the membership entry at a position of the history did. */
export function tellOp({ history }: Membership, at: number, names: Names): Told {
  const { op, id } = history.entries[at] as MemberEntry
  const name = (member: MemberId): string => names.member(member)
  // What says nothing that any version understands is kept as somebody's leaving by no grant.
  if (op.type !== 'found' && op.grant === id) return later
  switch (op.type) {
    case 'found': return { kind: 'founded', text: 'founded the mesh' }
    case 'admit': return { kind: 'admitted', text: `admitted ${name(op.member)} as ${op.role} ${inviteOf(op, history.entries[history.at(op.invite?.opened ?? id) as number], names)}` }
    case 'promote': return { kind: 'role_given', text: `made ${name(op.member)} ${op.role}` }
    case 'link': return { kind: 'device_linked', text: `linked the device ${op.introduction.device.slice(0, 12)}` }
    case 'remove': return { kind: 'removed', text: `removed ${name(op.member)}` }
    case 'removeDevice': return { kind: 'device_removed', text: `removed the device ${op.device.slice(0, 12)} of ${names.device(op.device)}` }
    case 'leave': return { kind: 'left', text: 'left the mesh' }
    case 'invite': return { kind: 'invited', text: `made an invite ${op.uses === 1 ? 'for one' : `for ${op.uses}`} as ${op.role}` }
    case 'close': return op.reason === 'revoked' ? { kind: 'invite_revoked', text: 'revoked an invite' } : { kind: 'invite_ended', text: `closed an invite, which is ${op.reason}` }
    case 'rotate': return { kind: 'keys_changed', text: `${isRenewal(history, at) ? 'renewed the keys, by schedule or by hand' : 'changed the keys'}, for ${devices(op.recipients.length)}` }
    case 'share': return { kind: 'keys_shared', text: `gave keys to ${[...new Set(op.recipients.map(({ device }) => names.device(device)))].slice(0, 3).join(', ')}${op.recipients.length > 3 ? ' and others' : ''}` }
    case 'reseal': return { kind: 'sealing_key_changed', text: 'took a new sealing key for the device' }
    case 'policy': return policy(op.payload, names)
    case 'horizon': return later
  }
}

/** Why the membership entry at a position has no effect; null while it has. */
export function voidReason(membership: Membership, at: number, names: Names): string | null {
  const { history, refusals } = membership
  const { reading } = membership.now()
  const entry = history.entries[at] as MemberEntry
  const refusal = refusals.get(entry.id)
  if (refusal !== undefined) return refusal
  if (reading.stands(at)) return null
  const causes = [...fallenBy([at], reading)].map((cause) => history.entries[cause] as MemberEntry).sort((a, b) => (a.id < b.id ? -1 : 1))
  const told = causes.map(({ id, device }) => `${names.device(device)} ${tellOp(membership, history.at(id) as number, names).text}`)
  return told.length === 0 ? 'what it builds on does not stand' : `not known to it: ${told.join('; ')}`
}

/** Whether a key was followed by another though nothing that takes anybody's authority called for it. */
function isRenewal(history: History, at: number): boolean {
  const known = (other: number): boolean => history.valid[other] === true && history.inPast(at, other)
  const takers = [history.removals, history.deviceRemovals, history.leaves].flatMap((index) => [...index.values()].flat()).filter(known)
  return history.rotations.some((other) => known(other) && takers.every((taker) => history.inPast(other, taker)))
}

function policy(payload: Uint8Array, names: Names): Told {
  const said = decodePolicy(payload)
  if (!said.ok) return later
  if (said.value.type === 'profile') return { kind: 'profile_policy_set', text: said.value.by === 'self' ? `let everybody edit their own ${said.value.field}` : `left everybody's ${said.value.field} to owners and admins` }
  const { member, permission, choice } = said.value
  const name = names.member(member)
  return { kind: 'exception_made', text: choice === 'default' ? `left ${permission} to the role of ${name}` : `${choice === 'allow' ? 'allowed' : 'denied'} ${name} ${permission}` }
}

const later: Told = { kind: 'unknown', text: 'wrote something that this version does not understand' }
const devices = (count: number): string => (count === 1 ? 'one device' : `${count} devices`)

function inviteOf(op: Extract<MemberOp, { type: 'admit' }>, opened: MemberEntry | undefined, names: Names): string {
  return op.invite && opened ? `by an invite of ${names.device(opened.device)}` : 'without an invite'
}
