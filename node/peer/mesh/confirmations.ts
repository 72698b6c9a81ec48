/**
 * Who is confirmed to be the person they were invited as (rule I3). A link may have been used by whoever read it on
 * the way, so somebody who came by one is unconfirmed until the inviter, an admin or an owner has said who it is. Each
 * says so in a register of their own, which no other may write; what it is worth follows from the membership.
 */
import * as z from 'zod'
import { decodeRow, readRegister } from '../../../crdt/docs/registers.ts'
import type { MemberEntry } from '../../../crdt/members/history.ts'
import { stewards } from '../../../crdt/members/roles.ts'
import type { EntryId, MemberId } from '../../../crdt/wire/ids.ts'
import type { Replica } from '../replica/replica.ts'
import { allRows } from '../replica/rows.ts'

const doc = 'confirmations'
/** More than a member has at a time. */
const admissionsNamed = 16
const said = z.looseObject({ admissions: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(admissionsNamed) })

export class Confirmations {
  readonly #replica: Replica
  #confirmed: ReadonlySet<MemberId> | undefined

  constructor(replica: Replica) {
    this.#replica = replica
    replica.onCommit(({ membership, events, rebuilt }) => {
      if (membership || rebuilt || events.registers.some((one) => one.doc === doc)) this.#confirmed = undefined
    })
  }

  has(member: MemberId): boolean {
    if (this.#replica.mayRead()) this.#confirmed ??= this.#reached()
    return this.#confirmed?.has(member) === true
  }

  /** Whether a member is among those whose word about another counts: its inviter, an admin or an owner. */
  mayConfirm(by: MemberId, member: MemberId): boolean {
    return by !== member && this.#admissions(member).some(({ inviter }) => inviter === by || this.#isSteward(by))
  }

  /** Says in this device's member's own register who somebody is, or takes that back. */
  async say(member: MemberId, isConfirmed: boolean): Promise<void> {
    const by = this.#replica.membership.memberOf(this.#replica.identity.device) as MemberId
    const key = `${member}/${by}`
    if (isConfirmed) await this.#replica.write([{ type: 'set', doc, key, value: JSON.stringify({ admissions: this.#admissions(member).map(({ id }) => id).slice(-admissionsNamed) }) }])
    else if (readRegister(this.#replica.store, doc, key).some(({ deleted }) => !deleted)) await this.#replica.write([{ type: 'delete', doc, key }])
  }

  /** Everybody who hangs on the founder by a chain of people each of whom vouched for the next: so two newcomers cannot vouch for each other. */
  #reached(): ReadonlySet<MemberId> {
    const view = this.#replica.membership.now()
    const vouchedBy = new Map<MemberId, MemberId[]>()
    const vouch = (by: MemberId, member: MemberId): void => {
      if (by !== member && view.member(by)?.status !== 'removed') vouchedBy.set(by, [...(vouchedBy.get(by) ?? []), member])
    }
    for (const { id: member } of view.members()) for (const { admitter, inviter } of this.#admissions(member)) if (inviter === undefined) vouch(admitter, member)
    for (const { member, by, admissions } of this.#words()) {
      const meant = this.#admissions(member).filter(({ id }) => admissions.has(id))
      if (meant.some(({ inviter }) => inviter === by || this.#isSteward(by))) vouch(by, member)
    }
    const founder = this.#replica.membership.history.entries[0]?.op
    const reached = new Set<MemberId>(founder?.type === 'found' ? [founder.member] : [])
    for (const by of reached) for (const member of vouchedBy.get(by) ?? []) reached.add(member)
    return reached
  }

  /** By which entries a member is in now. No inviter where no link alone let it in: an admin did, and knew whom. */
  #admissions(member: MemberId): readonly { readonly id: EntryId; readonly admitter: MemberId; readonly inviter: MemberId | undefined }[] {
    const { history } = this.#replica.membership
    const { reading } = this.#replica.membership.now()
    return (history.grantsOf.get(member) ?? []).flatMap((at) => {
      const { op, id } = history.entries[at] as MemberEntry
      if (op.type !== 'admit' || !reading.isLive(at)) return []
      const opened = op.invite && history.at(op.invite.opened)
      const invite = opened === undefined ? undefined : history.entries[opened]?.op
      const byLink = opened !== undefined && invite?.type === 'invite' && invite.approval === 'none'
      return [{ id, admitter: history.memberOf(at) as MemberId, inviter: byLink ? history.memberOf(opened) : undefined }]
    })
  }

  *#words(): Generator<{ readonly member: MemberId; readonly by: MemberId; readonly admissions: ReadonlySet<string> }> {
    const prefix = `${doc}\0`
    for (const [key, row] of allRows(this.#replica.store, 'register', prefix)) {
      const [version] = decodeRow(row)
      const parsed = version && !version.deleted ? said.safeParse(JSON.parse(version.value)) : undefined
      const [member, by] = key.slice(prefix.length).split('/') as [MemberId, MemberId]
      if (parsed?.success) yield { member, by, admissions: new Set(parsed.data.admissions) }
    }
  }

  #isSteward(member: MemberId): boolean {
    return stewards.has(this.#replica.membership.now().member(member)?.role ?? 'mirror')
  }
}
