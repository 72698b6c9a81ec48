/**
 * What removals undid: operations on the membership that stood where they were made and do not stand since a removal they
 * knew nothing of is known (rule T4), with the command that does each again.
 */
import type { MemberEntry } from '../../../crdt/members/history.ts'
import { fallenBy } from '../../../crdt/members/pins.ts'
import { decodePolicy, policyKey } from '../../../crdt/members/policy.ts'
import { stewards } from '../../../crdt/members/roles.ts'
import type { View } from '../../../crdt/members/view.ts'
import type { EntryId, MemberId } from '../../../crdt/wire/ids.ts'
import type { Undone } from '../../ports/services.ts'
import type { Names } from '../mesh/names.ts'
import type { Replica } from '../replica/replica.ts'
import { tellOp } from './membership-words.ts'

interface Asked {
  readonly replica: Replica
  readonly names: Names
}

/** What is done again by a person; keys are changed and handed on by themselves. */
const repeatable: ReadonlySet<MemberEntry['op']['type']> = new Set(['admit', 'promote', 'link', 'invite', 'policy', 'remove', 'removeDevice'])

/** One operation that fell, and the removals it fell by. */
interface Fallen {
  readonly entry: MemberEntry
  readonly at: number
  readonly causes: readonly MemberEntry[]
}

/**
 * The oldest first, by their own clocks. Stewards see all, others what they made and what fell by a removal of theirs.
 * @param about only what is among these entries, or fell by one of them
 */
export function undone({ replica, names }: Asked, about?: ReadonlySet<EntryId>): Undone[] {
  const { membership } = replica
  const view = membership.now()
  const own = membership.memberOf(replica.identity.device)
  const all = stewards.has(view.device(replica.identity.device)?.role ?? 'mirror')
  const isOwn = ({ device }: MemberEntry): boolean => membership.memberOf(device) === own
  return fallenIn(replica)
    .filter(({ entry, causes }) => all || isOwn(entry) || causes.some(isOwn))
    .filter(({ entry, causes }) => about === undefined || [entry, ...causes].some(({ id }) => about.has(id)))
    .sort((a, b) => a.entry.ms - b.entry.ms || (a.entry.id < b.entry.id ? -1 : 1))
    .map(({ entry, at, causes }) => ({
      entry: entry.id,
      by: names.device(entry.device),
      at: entry.ms,
      did: tellOp(membership, at, names).text,
      undone_by: causes.map((cause) => ({ entry: cause.id, by: names.device(cause.device), did: tellOp(membership, membership.history.at(cause.id) as number, names).text })),
      ...again({ entry, at, causes }, { replica, names }, view),
    }))
}

function fallenIn({ membership }: Asked['replica']): Fallen[] {
  const { history } = membership
  // Without removals nothing falls by one.
  if (history.removals.size === 0 && history.deviceRemovals.size === 0) return []
  const { reading } = membership.now()
  return history.entries.flatMap((entry, at) => {
    if (!repeatable.has(entry.op.type) || history.valid[at] !== true || reading.stands(at)) return []
    const causes = [...fallenBy([at], reading)].map((cause) => history.entries[cause] as MemberEntry).filter(({ op }) => op.type === 'remove' || op.type === 'removeDevice')
    return causes.length === 0 ? [] : [{ entry, at, causes: causes.sort((a, b) => (a.id < b.id ? -1 : 1)) }]
  })
}

/** How it is done again; `repeated` where it is so by now. */
function again({ entry: { op, device }, causes }: Fallen, { replica, names }: Asked, view: View): Pick<Undone, 'repeat' | 'repeated'> {
  const { history } = replica.membership
  const role = (member: MemberId): string | undefined => (view.member(member)?.status === 'active' ? view.member(member)?.role : undefined)
  const name = (member: MemberId): string => quoted(names.member(member))
  switch (op.type) {
    case 'admit': return { repeat: `atoll invite --role ${op.role}`, repeated: role(op.member) !== undefined }
    case 'promote': return { repeat: role(op.member) === undefined ? `atoll invite --role ${op.role}` : `atoll member role ${name(op.member)} ${op.role}`, repeated: role(op.member) === op.role }
    case 'link': return { repeat: 'atoll device link', repeated: view.device(op.introduction.device) !== undefined }
    case 'invite': {
      // An invite of the same sort that somebody made who knew of the removal.
      const isLike = (other: MemberEntry, at: number): boolean => other.op.type === 'invite' && other.op.role === op.role && other.op.uses === op.uses && view.reading.stands(at) && causes.every(({ id }) => history.inPast(at, history.at(id) as number))
      return { repeat: `atoll invite --role ${op.role}${op.uses === 1 ? '' : ` --uses ${op.uses}`}`, repeated: history.entries.some(isLike) }
    }
    case 'remove': return { repeat: `atoll member remove ${name(op.member)}`, repeated: role(op.member) === undefined }
    case 'removeDevice': return { repeat: `atoll device remove ${op.device.slice(0, 12)}`, repeated: view.device(op.device) === undefined }
    case 'policy': {
      const said = decodePolicy(op.payload)
      if (!said.ok) return { repeat: null, repeated: false }
      const now = view.policy(policyKey(said.value))
      if (said.value.type === 'profile') return { repeat: `atoll profile policy ${said.value.field} ${said.value.by}`, repeated: now?.type === 'profile' && now.by === said.value.by }
      const { member, choice, permission } = said.value
      return { repeat: `atoll member ${choice} ${name(member)} ${permission}`, repeated: now?.type === 'except' && now.choice === choice }
    }
    default: return { repeat: null, repeated: view.device(device) === undefined }
  }
}

/** A name as one types it to a shell. */
const quoted = (name: string): string => (/^[\p{L}\p{N}_.~-]+$/u.test(name) && !name.startsWith('-') ? name : `'${name.replaceAll("'", `'\\''`)}'`)
