/**
 * Which membership operations stand (rules T3 to T5), over a history or over the past of one frontier.
 *
 * An operation stands when it was valid at the frontier it names and, for the grant and device it uses (an
 * admission by invite also for the inviter's):
 *   - the grant stands, and the operation lies in the past of every standing removal that takes the grant;
 *   - the device has a seat in its past: the grant names it, or a standing link under the grant brought it in;
 *   - it lies in the past of every standing device removal that takes the device's use of the grant;
 *   - an admission's invite stands, and the admission lies in the past of every standing close of it.
 * What the root key signed (`signedByRoot`) needs no seat; its links yield to root-signed device removals alone, and
 * its device removals to none.
 *
 * A removal takes the grants that its own outranks. A device removal takes its device's use of its member's grants
 * that rank no higher than its own, where the device stands farther from the root key than the one that signs. That
 * *distance* is the number of links of the shortest standing line from the root key's word to a seat (0: an admission,
 * the founding, or a root-signed link; a promotion keeps what the promoter saw). Neither takes grants that were made
 * in knowledge of it.
 *
 * There is exactly one such reading. Call an operation's level the lowest grant it uses: role, then depth in the
 * tree of grants. A grant ranks strictly below the level of the entry that made it, and a removal's level strictly
 * above what it takes; so whether grants stand and are taken is asked upwards only. That leaves what is asked within
 * a level, and it has an order too: first the links and device removals of one member, then invites and closes, then
 * admissions. Among links and device removals the root key's go first, then they are settled by growing distance:
 * an entry that uses a seat at distance k is taken only by device removals from nearer than k, and a link it makes
 * gives a seat at k + 1. So nothing waits for itself, however links cross: settled by distance, two devices that
 * linked and removed each other, unaware, cannot each have the other's word depend on its own. (Judging them by the
 * graph of links alone does not do: a removal of the linking device by the root key waits for that device's removal
 * of the one that carried it, and that one for the first.)
 *
 * `reference.ts` states the same without an order, and test/property/membership-one-reading.test.ts searches small
 * histories for a second reading by brute force. Questions are kept on a stack of our own: chains of grants grow
 * longer than the engine's.
 */
import type { DeviceId, MemberId } from '../wire/ids.ts'
import { lineKey, opAt, outranks, ranksAtLeast, signedByRoot, type Grant, type History, type MemberEntry, type Positions } from './history.ts'

type Verdict = 'stands' | 'void' | 'open'

/** How far an operation's device stands from the root key, or undefined when the operation does not stand. */
type Reach = (at: number) => number | undefined

/** The reach of what the root key signed: nearer than any device. */
const rootReach = -1

export class Reading {
  readonly history: History
  readonly #scope: Positions
  readonly #verdicts: (Verdict | undefined)[]
  /** Of links and device removals that stand. */
  readonly #reaches: Map<number, number>
  #missing: number[] = []

  /**
   * @param scope the positions considered: with each its whole past
   * @param settled a reading of fewer entries, none of which those that came since can change
   */
  constructor(history: History, scope: Positions, settled?: Reading) {
    this.history = history
    this.#scope = scope
    this.#verdicts = settled ? settled.#verdicts : []
    this.#reaches = settled ? settled.#reaches : new Map<number, number>()
  }

  has(at: number): boolean {
    return this.#scope.has(at)
  }

  stands(at: number): boolean {
    return this.#answer(() => this.#ask(at))
  }

  /** Whether a grant stands, nothing standing takes it and its member has not left: more can be done with it. */
  isLive(grantAt: number): boolean {
    const { history } = this
    const grant = history.grants.get(grantAt)
    if (!grant) return false
    return this.#answer(() => {
      if (!this.#ask(grantAt) || this.#inScope(history.removals.get(grant.member)).some((removal) => this.#takes(removal, grant))) return false
      return !this.#inScope(history.leaves.get(grant.member)).some((leave) => !history.inPast(grantAt, leave) && this.#ask(leave))
    })
  }

  /** The standing removals that take a grant. */
  takers(grant: Grant): number[] {
    return this.#answer(() => this.#inScope(this.history.removals.get(grant.member)).filter((removal) => this.#takes(removal, grant)))
  }

  /** The standing device removals that take a device's use of a grant. */
  deviceTakers(device: DeviceId, grant: Grant): number[] {
    return this.#answer(() => {
      const distance = this.#distance(device, grant.at, this.#reach)
      return this.#inScope(this.history.deviceRemovals.get(device)).filter((removal) => this.#takesDevice(removal, grant, distance, this.#reach))
    })
  }

  /** Whether a device may use a grant here and now. */
  isUsable(device: DeviceId, grant: Grant): boolean {
    return this.isSeated(device, grant.at) && this.deviceTakers(device, grant).length === 0
  }

  /** Whether anything that stands gave a device this grant, whatever became of it since. */
  isSeated(device: DeviceId, grantAt: number, before?: Positions): boolean {
    return this.#answer(() => this.#distance(device, grantAt, this.#reach, before)) < Infinity
  }

  /** The distance of a device in a grant, Infinity without a seat: see above. */
  distance(device: DeviceId, grantAt: number): number {
    return this.#answer(() => this.#distance(device, grantAt, this.#reach))
  }

  /** Whether standing links lead from one device to another of the same member. */
  leads(upper: DeviceId, lower: DeviceId, member: MemberId): boolean {
    const links = this.#inScope(this.history.links.get(member)).filter((at) => this.stands(at))
    const reached = new Set([upper])
    for (let before = 0; before !== reached.size; ) {
      before = reached.size
      for (const at of links) if (reached.has((this.history.entries[at] as MemberEntry).device)) reached.add(opAt<'link'>(this.history, at).introduction.device)
    }
    return upper !== lower && reached.has(lower)
  }

  #reach: Reach = (at) => (this.#ask(at) ? this.#reaches.get(at) : undefined)

  /** The verdict where it is known; else notes that it is missing, and whoever asks will ask again. */
  #ask(at: number): boolean {
    if (!this.has(at) || !this.history.valid[at]) return false
    const verdict = this.#verdicts[at]
    if (verdict === undefined || verdict === 'open') this.#missing.push(at)
    return verdict === 'stands'
  }

  #answer<T>(question: () => T): T {
    for (;;) {
      this.#missing = []
      const answer = question()
      if (this.#missing.length === 0) return answer
      this.#settle(this.#missing)
    }
  }

  /** Settles these and whatever they wait for. */
  #settle(stack: number[]): void {
    for (let at = stack.at(-1); at !== undefined; at = stack.at(-1)) {
      if (this.#isKnown(at)) {
        stack.pop()
        continue
      }
      this.#missing = []
      this.#judge(at)
      if (this.#isKnown(at)) continue
      this.#verdicts[at] = 'open'
      // Never so, if the argument above holds: better an error than a node that hangs.
      if (this.#missing.some((next) => this.#verdicts[next] === 'open')) throw new Error('a membership operation waits for itself')
      stack.push(...this.#missing)
    }
  }

  #isKnown(at: number): boolean {
    return this.#verdicts[at] === 'stands' || this.#verdicts[at] === 'void'
  }

  /** Gives a verdict, unless something it depends on is missing. */
  #judge(at: number): void {
    const { op } = this.history.entries[at] as MemberEntry
    if (op.type === 'link' || op.type === 'removeDevice') {
      this.#judgeLines(this.#inScope(this.history.lines.get(lineKey(this.history.grantBehind(at)))))
      return
    }
    const stands = op.type === 'found' || (this.#hangs(at, at) && (op.type !== 'admit' || !op.invite || this.#isInvited(at, this.history.at(op.invite.opened) as number)))
    if (this.#missing.length === 0) this.#verdicts[at] = stands ? 'stands' : 'void'
  }

  #isInvited(at: number, opened: number): boolean {
    if (!this.#ask(opened) || !this.#hangs(at, opened)) return false
    return !this.#inScope(this.history.closes.get(opened)).some((close) => !this.history.inPast(close, at) && this.#ask(close))
  }

  /** Whether an entry keeps the grant and the device that `by` uses: itself, or the invite it admits with. */
  #hangs(at: number, by: number): boolean {
    const grant = this.history.grantBehind(by)
    if (!this.#keeps(at, grant)) return false
    const { device } = this.history.entries[by] as MemberEntry
    if (this.#distance(device, grant.at, this.#reach, this.history.pasts[at]) === Infinity) return false
    return !this.#isDeviceTaken(at, device, grant, this.#distance(device, grant.at, this.#reach), this.#reach)
  }

  /** Whether an entry's grant stands and it lies in the past of whatever takes that. */
  #keeps(at: number, grant: Grant): boolean {
    return this.#ask(grant.at) && !this.#inScope(this.history.removals.get(grant.member)).some((removal) => !this.history.inPast(removal, at) && this.#takes(removal, grant))
  }

  /** Whether an entry lies outside the past of a removal that takes its device. */
  #isDeviceTaken(at: number, device: DeviceId, grant: Grant, distance: number, reach: Reach): boolean {
    const outside = (removal: number): boolean => removal !== at && !this.history.inPast(removal, at)
    return this.#inScope(this.history.deviceRemovals.get(device)).some((removal) => outside(removal) && this.#takesDevice(removal, grant, distance, reach))
  }

  /** Links and device removals of one member at one level: the root key's, then by growing distance. */
  #judgeLines(group: readonly number[]): void {
    const { history } = this
    const reaches = new Map<number, number>()
    const together = new Set(group)
    const reach: Reach = (at) => (together.has(at) ? reaches.get(at) : this.#reach(at))
    const device = (at: number): DeviceId => (history.entries[at] as MemberEntry).device
    const isTaken = (at: number, distance: number): boolean => this.#isDeviceTaken(at, device(at), history.grantBehind(at), distance, reach)
    const waiting = new Set(group.filter((at) => this.#keeps(at, history.grantBehind(at))))
    const ofRoot = [...waiting].filter((at) => signedByRoot(history.entries[at] as MemberEntry))
    for (const type of ['removeDevice', 'link']) {
      for (const at of ofRoot.filter((at) => history.entries[at]?.op.type === type)) {
        waiting.delete(at)
        if (type === 'removeDevice' || !isTaken(at, 0)) reaches.set(at, rootReach)
      }
    }
    for (;;) {
      const distances = [...waiting].map((at) => [at, this.#distance(device(at), history.grantBehind(at).at, reach, history.pasts[at])] as const)
      const nearest = Math.min(...distances.map(([, distance]) => distance))
      if (nearest === Infinity) break
      const settled = distances.filter(([, distance]) => distance === nearest).map(([at]) => at)
      const standing = settled.filter((at) => !isTaken(at, this.#distance(device(at), history.grantBehind(at).at, reach)))
      for (const at of settled) waiting.delete(at)
      for (const at of standing) reaches.set(at, nearest)
    }
    if (this.#missing.length > 0) return
    for (const at of group) this.#verdicts[at] = reaches.has(at) ? 'stands' : 'void'
    for (const [at, reach] of reaches) this.#reaches.set(at, reach)
  }

  /** Whether a removal of its member stands and takes a grant. */
  #takes(removal: number, grant: Grant): boolean {
    const { history } = this
    return !history.inPast(grant.at, removal) && outranks(history.grantBehind(removal), grant, history) && this.#ask(removal)
  }

  /** Whether a removal of a device stands and takes its use of a grant, in which it has this distance. */
  #takesDevice(removal: number, grant: Grant, distance: number, reach: Reach): boolean {
    const by = this.history.grantBehind(removal)
    if (by.member !== grant.member || !ranksAtLeast(by, grant) || this.history.inPast(grant.at, removal)) return false
    return (reach(removal) ?? Infinity) < distance
  }

  /** @param before only seats that lie there */
  #distance(device: DeviceId, grantAt: number, reach: Reach, before?: Positions): number {
    let nearest = Infinity
    for (const seat of this.history.seats.get(device) ?? []) {
      if (seat.grant !== grantAt || !this.has(seat.at) || (before && !before.has(seat.at))) continue
      const own = seat.at === grantAt
      const by = own ? (this.#ask(grantAt) ? rootReach : undefined) : reach(seat.at)
      if (by !== undefined) nearest = Math.min(nearest, seat.distance ?? by + 1)
    }
    return nearest
  }

  #inScope(list: readonly number[] | undefined): number[] {
    return list?.filter((at) => this.has(at)) ?? []
  }
}
