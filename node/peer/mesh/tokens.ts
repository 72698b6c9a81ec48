/** What is written down of tokens in a mesh: each by the member that made it, in a register of its own. */
import * as z from 'zod'
import { tokenKey } from '../../../crdt/docs/need.ts'
import { readRegister, registerKey } from '../../../crdt/docs/registers.ts'
import { outranks } from '../../../crdt/members/validity.ts'
import type { MemberState } from '../../../crdt/members/view.ts'
import { granters } from '../../../crdt/members/roles.ts'
import type { DeviceId, MemberId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { Replica } from '../replica/replica.ts'
import { allRows } from '../replica/rows.ts'

const record = z.object({
  name: z.string().min(1).max(limits.nameBytes),
  expires: z.number().int().positive(),
  scopes: z.array(z.string().max(limits.scopeBytes)).max(limits.scopesPerToken),
  first: z.string().regex(/^[0-9a-f]{64}$/),
})
export type TokenRecord = z.output<typeof record>

/** A token as the mesh knows it. */
export interface KnownToken extends TokenRecord {
  readonly by: MemberId
  readonly state: MemberState
  readonly firstDevice: DeviceId
}

/**
 * All tokens, removed ones too. Only what the member wrote that let the token's in counts: anybody may write of anybody
 * under its own name.
 */
export function tokensOf(replica: Replica): readonly KnownToken[] {
  const view = replica.membership.now()
  const found: KnownToken[] = []
  for (const [row] of allRows(replica.store, 'register', registerKey('members', ''))) {
    const key = row.slice(registerKey('members', '').length)
    const [by, kind, member] = key.split('/') as [MemberId, string | undefined, MemberId | undefined]
    if (kind !== 'token' || member === undefined || key !== tokenKey(by, member)) continue
    const state = view.member(member)
    const version = readRegister(replica.store, 'members', key)[0]
    const parsed = version && !version.deleted ? record.safeParse(JSON.parse(version.value)) : undefined
    if (state?.admittedBy === by && parsed?.success) found.push({ ...parsed.data, by, state, firstDevice: parsed.data.first as DeviceId })
  }
  return found
}

/** Whether this device may remove a member (rule T5). */
export function mayRemove({ membership, identity }: Replica, member: MemberId): boolean {
  const view = membership.now()
  const self = view.device(identity.device)
  const own = self && membership.history.grants.get(membership.history.at(self.grant) as number)
  if (!self || !own || self.member === member || !granters.has(self.role)) return false
  const live = [...membership.history.grants.values()].filter((grant) => grant.member === member && view.reading.isLive(grant.at))
  return live.length > 0 && live.every((grant) => outranks(own, grant, membership.history))
}
