/**
 * Which membership operations stand (rules T3 to T5), over a history or over the past of one frontier.
 *
 * An operation stands when it was valid at the frontier it names and, for the grant and device it uses (an
 * admission by invite also for the inviter's):
 *   - the grant stands, and the device is one of the grant's own or was linked to it before;
 *   - it lies in the past of every standing removal that takes the grant;
 *   - it lies in the past of every standing device removal that takes the device and ranks no lower than the grant;
 *   - an admission's invite stands, and the admission lies in the past of every standing close of it.
 *
 * There is exactly one such reading: call an operation's level the lowest grant it uses, ordered by role and then
 * by depth in the tree of grants. A removal takes only grants strictly below its own level, a device removal only
 * devices strictly below its own in the tree of links, a close only admissions below the invite. So each question
 * below leads only to questions that rank higher, or equal and earlier, and the recursion ends. `reference.ts`
 * states the same without an order, and a test searches small histories for a second reading by brute force.
 */
import type { DeviceId, MemberId } from '../wire/ids.ts'
import { ranksAtLeast, type BitSet, type Grant, type History, type MemberEntry } from './history.ts'
import type { OpOf } from './ops.ts'
import { rank } from './roles.ts'

export class Reading {
  readonly history: History
  readonly #within: BitSet | undefined
  readonly #stands: (boolean | undefined)[] = []

  /** @param within the positions considered; undefined for all */
  constructor(history: History, within?: BitSet) {
    this.history = history
    this.#within = within
  }

  has(at: number): boolean {
    return this.#within === undefined ? at < this.history.size : this.#within.has(at)
  }

  stands(at: number): boolean {
    if (!this.has(at) || !this.history.valid[at]) return false
    const known = this.#stands[at]
    if (known !== undefined) return known
    const stands = this.#judge(at)
    this.#stands[at] = stands
    return stands
  }

  /** Whether anything standing has taken this grant or its member has left: it gives nothing from here on. */
  isLive(grantAt: number): boolean {
    const grant = this.history.grants.get(grantAt)
    if (!grant || !this.stands(grantAt)) return false
    if (this.takers(grant).length > 0) return false
    return !this.#some(this.history.leaves.get(grant.member), (leave) => !this.history.inPast(grantAt, leave) && this.stands(leave))
  }

  /** The standing removals that take a grant. */
  takers(grant: Grant): number[] {
    return this.#filter(this.history.removals.get(grant.member), (removal) => this.#takes(removal, grant) && this.stands(removal))
  }

  /** The standing device removals that take a device's use of a grant. */
  deviceTakers(device: DeviceId, grant: Grant): number[] {
    return this.#filter(this.history.deviceRemovals.get(device), (removal) => this.#takesDevice(removal, device, grant) && this.stands(removal))
  }

  /** Whether a device may use a grant here and now. */
  isUsable(device: DeviceId, grant: Grant): boolean {
    return this.#belongs(device, grant, undefined) && this.deviceTakers(device, grant).length === 0
  }

  /** Whether links lead from one device to another of the same member and none lead back. */
  isAbove(upper: DeviceId, lower: DeviceId, member: MemberId, within?: BitSet): boolean {
    return this.#linked(upper, lower, member, within) && !this.#linked(lower, upper, member, undefined)
  }

  #judge(at: number): boolean {
    const { op, device } = this.history.entries[at] as MemberEntry
    if (op.type === 'found') return true
    if (!this.#hangs(at, this.history.grantUsed(at) as number, device, selfLinked(op, device))) return false
    if (op.type !== 'admit' || !op.invite) return true
    const opened = this.history.at(op.invite.opened) as number
    const inviter = this.history.entries[opened] as MemberEntry
    if (!this.stands(opened)) return false
    if (!this.#hangs(at, this.history.grantUsed(opened) as number, inviter.device, false)) return false
    return !this.#some(this.history.closes.get(opened), (close) => !this.history.inPast(close, at) && this.stands(close))
  }

  #hangs(at: number, grantAt: number, device: DeviceId, introducesItself: boolean): boolean {
    const grant = this.history.grants.get(grantAt)
    if (!grant || !this.stands(grantAt)) return false
    if (!introducesItself && !this.#belongs(device, grant, at)) return false
    const outside = (removal: number): boolean => !this.history.inPast(removal, at)
    if (this.#some(this.history.removals.get(grant.member), (removal) => outside(removal) && removal !== at && this.#takes(removal, grant) && this.stands(removal))) return false
    return !this.#some(this.history.deviceRemovals.get(device), (removal) => outside(removal) && removal !== at && this.#takesDevice(removal, device, grant) && this.stands(removal))
  }

  /** @param before the operation that uses the device: links must lie in its past; undefined for now */
  #belongs(device: DeviceId, grant: Grant, before: number | undefined): boolean {
    if (grant.devices.includes(device)) return true
    return this.#some(this.history.links.get(grant.at), (link) => {
      if (before !== undefined && !this.history.inPast(before, link)) return false
      return opAt<'link'>(this.history, link).introduction.device === device && this.stands(link)
    })
  }

  #takes(removal: number, grant: Grant): boolean {
    if (this.history.inPast(grant.at, removal)) return false
    const by = this.history.grants.get(this.history.grantUsed(removal) as number) as Grant
    return rank(by.role) > rank(grant.role) || (by.role === grant.role && this.#descends(grant, by.at))
  }

  #descends(grant: Grant, from: number): boolean {
    for (let up = grant.parent; up !== undefined; up = this.history.grants.get(up)?.parent) if (up === from) return true
    return false
  }

  #takesDevice(removal: number, device: DeviceId, grant: Grant): boolean {
    const by = this.history.grants.get(this.history.grantUsed(removal) as number) as Grant
    if (by.member !== grant.member || !ranksAtLeast(by, grant)) return false
    if (opAt<'removeDevice'>(this.history, removal).rootProof) return true
    return !this.#linked(device, (this.history.entries[removal] as MemberEntry).device, grant.member, undefined)
  }

  #linked(from: DeviceId, to: DeviceId, member: MemberId, within: BitSet | undefined): boolean {
    const reached = new Set<DeviceId>([from])
    for (let grew = true; grew; ) {
      grew = false
      for (const [grantAt, links] of this.history.links) {
        if (this.history.grants.get(grantAt)?.member !== member) continue
        for (const link of links) {
          if (!this.has(link) || (within && !within.has(link))) continue
          const { introduction } = opAt<'link'>(this.history, link)
          if (reached.has(introduction.device) || !reached.has((this.history.entries[link] as MemberEntry).device)) continue
          reached.add(introduction.device)
          grew = true
        }
      }
    }
    return reached.has(to) && from !== to
  }

  #some(list: readonly number[] | undefined, test: (at: number) => boolean): boolean {
    return list?.some((at) => this.has(at) && test(at)) ?? false
  }

  #filter(list: readonly number[] | undefined, test: (at: number) => boolean): number[] {
    return list?.filter((at) => this.has(at) && test(at)) ?? []
  }
}

/** A device that the root key adds speaks for itself: no other device vouches for it. */
export function selfLinked(op: MemberEntry['op'], author: DeviceId): boolean {
  return op.type === 'link' && op.rootProof !== undefined && op.introduction.device === author
}

function opAt<T extends MemberEntry['op']['type']>(history: History, at: number): OpOf<T> {
  return (history.entries[at] as MemberEntry).op as OpOf<T>
}
