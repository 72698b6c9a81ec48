/**
 * The rules of membership (T3 to T6) once more: as conditions on a set of operations, without an order to judge in.
 * `reading.ts` is what runs; this is what it is checked against (test/property/membership-one-reading.test.ts).
 * It knows nothing of signatures: every proof is taken to hold, and every sealer to be certified.
 */
import type { DeviceId, EntryId, MemberId } from '../wire/ids.ts'
import type { MemberEntry } from './history.ts'
import type { OpOf } from './ops.ts'
import { granters, rank, readers, stewards, writers, type Role } from './roles.ts'

export type Ids = ReadonlySet<EntryId>
type Type = MemberEntry['op']['type']

export class Reference {
  readonly entries = new Map<EntryId, MemberEntry>()
  readonly pasts = new Map<EntryId, Ids>()
  readonly valid = new Set<EntryId>()
  readonly #ofType: Partial<Record<Type, readonly MemberEntry[]>> = {}
  /** How far from the root key a promoter saw the devices that it names. */
  readonly #seen = new Map<string, number>()

  /** @param entries each after its parents */
  constructor(entries: Iterable<MemberEntry>) {
    for (const entry of entries) {
      const past = new Set(entry.parents.flatMap((id) => [id, ...this.past(id)]))
      this.entries.set(entry.id, entry)
      this.pasts.set(entry.id, past)
      const [seen, ...others] = this.readings(past)
      if (!seen || others.length > 0) throw new Error(`${seen ? others.length + 1 : 0} readings at the frontier of ${entry.id}`)
      if (!this.#isAllowed(entry, past, seen)) continue
      this.valid.add(entry.id)
      this.#ofType[entry.op.type] = [...(this.#ofType[entry.op.type] ?? []), entry]
      if (entry.op.type === 'promote') for (const device of entry.op.devices) this.#seen.set(`${entry.id} ${device}`, this.#nearest(device, entry.op.member, seen))
    }
  }

  past = (id: EntryId): Ids => this.pasts.get(id) as Ids

  /** Whether `set` is a reading of `within`: it holds exactly those operations whose conditions it meets. */
  isConsistent(within: Iterable<EntryId>, set: Ids): boolean {
    for (const id of within) if (set.has(id) !== this.#holds(id, set)) return false
    return true
  }

  /** Every reading, found by trying all sets that hold what nothing can take, and (or not) each of what something can. */
  readings(within: Ids, disputed = this.disputed(within)): Set<EntryId>[] {
    const certain = [...within].filter((id) => this.valid.has(id) && !disputed.has(id))
    const found: Set<EntryId>[] = []
    for (let choice = 0; choice < 2 ** disputed.size; choice++) {
      const set = new Set([...certain, ...[...disputed].filter((_, i) => (choice >> i) & 1)])
      if (this.isConsistent(disputed, set) && this.isConsistent(within, set)) found.push(set)
    }
    return found
  }

  /** Operations that some other might take, and those that use one of them. All others stand, or there is no reading. */
  disputed(within: Ids): Set<EntryId> {
    const valid = [...within].filter((id) => this.valid.has(id)).map((id) => this.entries.get(id) as MemberEntry)
    const mayTake = ({ id, op }: MemberEntry, entry: MemberEntry): boolean => id !== entry.id && !this.past(id).has(entry.id) && this.#uses(entry).some(({ id: by, grant, device }) =>
      (op.type === 'remove' && op.member === this.member(grant)) || (op.type === 'removeDevice' && op.device === device) || (op.type === 'close' && op.opened === by))
    const disputed = new Set(valid.filter((entry) => valid.some((other) => mayTake(other, entry))).map(({ id }) => id))
    const leans = (entry: MemberEntry): boolean => this.#uses(entry).some(({ id, grant, device }) => [id, grant, ...this.#links(device, grant, this.past(entry.id)).map((link) => link.id)].some((used) => disputed.has(used)))
    for (let before = -1; before !== disputed.size; ) {
      before = disputed.size
      for (const entry of valid) if (leans(entry)) disputed.add(entry.id)
    }
    return disputed
  }

  /** The conditions of DESIGN T4, of one operation in one set. */
  #holds(id: EntryId, set: Ids): boolean {
    const entry = this.entries.get(id) as MemberEntry
    const { op } = entry
    if (!this.valid.has(id)) return false
    if (op.type === 'found') return true
    const outside = (other: MemberEntry): boolean => other.id !== id && !this.past(other.id).has(id)
    const keeps = this.#uses(entry).every(({ id: by, grant, device }) => {
      if (!set.has(grant) || (by !== id && !set.has(by)) || this.takers(grant, set).some(outside)) return false
      const takers = this.deviceTakers(device, grant, set).filter(outside)
      if (isRootSigned(entry)) return op.type === 'removeDevice' || !takers.some(isRootSigned)
      return this.distance(device, grant, set, this.past(id)) < Infinity && takers.length === 0
    })
    return keeps && !(op.type === 'admit' && op.invite && this.#of('close', set).some((close) => close.op.opened === op.invite?.opened && outside(close)))
  }

  /** The removals in a set that take a grant. */
  takers(grant: EntryId, set: Ids): MemberEntry[] {
    return this.#of('remove', set).filter(({ id, op }) => op.member === this.member(grant) && !this.past(grant).has(id) && this.outranks(op.grant, grant))
  }

  /** The device removals in a set that take a device's use of a grant. */
  deviceTakers(device: DeviceId, grant: EntryId, set: Ids): MemberEntry[] {
    return this.#of('removeDevice', set).filter((removal) => {
      const { id, op } = removal
      if (op.device !== device || this.member(op.grant) !== this.member(grant) || this.past(grant).has(id)) return false
      const above = rank(this.role(op.grant)) - rank(this.role(grant)) || this.depth(grant) - this.depth(op.grant)
      return above >= 0 && (isRootSigned(removal) || this.distance(removal.device, op.grant, set, this.past(id)) < this.distance(device, grant, set))
    })
  }

  /** How many links of a set stand between a device and its root key's word for a grant; Infinity without any. */
  distance(device: DeviceId, grant: EntryId, set: Ids, before: Ids = set): number {
    const { op } = this.entries.get(grant) as MemberEntry
    const through = this.#links(device, grant, set).filter((link) => before.has(link.id)).map((link) => (isRootSigned(link) ? 0 : 1 + this.distance(link.device, grant, set, this.past(link.id))))
    if (!set.has(grant)) return Infinity
    if (op.type === 'promote') return Math.min(...through, op.devices.includes(device) ? (this.#seen.get(`${grant} ${device}`) as number) : Infinity)
    return Math.min(...through, 'introduction' in op && op.introduction.device === device ? 0 : Infinity)
  }

  isLive(grant: EntryId, set: Ids): boolean {
    if (!set.has(grant) || this.takers(grant, set).length > 0) return false
    return !this.#of('leave', set).some(({ id, op }) => this.member(op.grant) === this.member(grant) && !this.past(grant).has(id))
  }

  isUsable(device: DeviceId, grant: EntryId, set: Ids): boolean {
    return this.distance(device, grant, set) < Infinity && this.deviceTakers(device, grant, set).length === 0
  }

  /** The live grants that a device may use, best first. */
  grantsOf(device: DeviceId, set: Ids): EntryId[] {
    const usable = [...this.grants(set)].filter((grant) => this.isLive(grant, set) && this.isUsable(device, grant, set))
    return usable.sort((a, b) => rank(this.role(b)) - rank(this.role(a)) || this.depth(a) - this.depth(b) || (a < b ? -1 : 1))
  }

  devices(set: Ids): DeviceId[] {
    const named = [...set].flatMap((id) => { const { op } = this.entries.get(id) as MemberEntry; return op.type === 'promote' ? op.devices : 'introduction' in op ? [op.introduction.device] : [] })
    return [...new Set(named)].filter((device) => this.grantsOf(device, set).length > 0).sort()
  }

  grants = (set: Ids): Ids => new Set([...this.#of('found', set), ...this.#of('admit', set), ...this.#of('promote', set)].map(({ id }) => id))
  member = (grant: EntryId): MemberId => (this.entries.get(grant)?.op as OpOf<'admit'>).member
  role = (grant: EntryId): Role => { const { op } = this.entries.get(grant) as MemberEntry; return op.type === 'found' ? 'owner' : (op as OpOf<'admit'>).role }
  depth = (grant: EntryId): number => this.#above(grant).length === 0 ? 0 : 1 + Math.max(...this.#above(grant).map(this.depth))
  /** Whether a grant lets take another: of a lower role, or of the same role and given through it. */
  outranks = (a: EntryId, b: EntryId): boolean => this.role(a) === this.role(b) ? this.#above(b).slice(0, 1).some((up) => up === a || this.outranks(a, up)) : rank(this.role(a)) > rank(this.role(b))

  /** The grants that a grant was given through: the inviter's first. */
  #above = (grant: EntryId): EntryId[] => this.#uses(this.entries.get(grant) as MemberEntry).map((use) => use.grant).reverse()

  /** With which grant and device an entry acts; an admission by invite also with the inviter's. */
  #uses({ id, op, device }: MemberEntry): { id: EntryId; grant: EntryId; device: DeviceId }[] {
    if (op.type === 'found') return []
    return [{ id, grant: op.grant, device }, ...(op.type === 'admit' && op.invite ? this.#uses(this.entries.get(op.invite.opened) as MemberEntry) : [])]
  }

  #of<T extends Type>(type: T, set: Ids): (MemberEntry & { op: OpOf<T> })[] {
    return (this.#ofType[type] ?? []).filter(({ id }) => set.has(id)) as (MemberEntry & { op: OpOf<T> })[]
  }

  /** The links that bring a device into a grant. */
  #links = (device: DeviceId, grant: EntryId, set: Ids): (MemberEntry & { op: OpOf<'link'> })[] => this.#of('link', set).filter(({ op }) => op.grant === grant && op.introduction.device === device)

  #nearest = (device: DeviceId, member: MemberId, set: Ids): number => Math.min(...[...this.grants(set)].filter((grant) => this.member(grant) === member).map((grant) => this.distance(device, grant, set)))

  /** Whether a device was taken from a member and has nothing of it left. */
  #isRemoved(device: DeviceId, member: MemberId, set: Ids): boolean {
    const seated = [...this.grants(set)].filter((grant) => this.member(grant) === member && this.distance(device, grant, set) < Infinity)
    const taken = seated.filter((grant) => this.deviceTakers(device, grant, set).length > 0)
    return taken.length > 0 && seated.every((grant) => taken.includes(grant) || !this.isLive(grant, set))
  }

  /** Who may do what, as seen from the frontier that an entry names (rule T3). */
  #isAllowed({ id, device, op }: MemberEntry, past: Ids, set: Ids): boolean {
    if (op.type === 'found') return past.size === 0
    const { grant } = op
    if (!past.has(grant) || !this.grants(this.valid).has(grant) || !this.isLive(grant, set)) return false
    const member = this.member(grant)
    const role = this.role(grant)
    if (!(op.type === 'link' && op.rootProof && op.introduction.device === device) && !this.isUsable(device, grant, set)) return false
    const gives = (given: Role): boolean => granters.has(role) && rank(given) <= rank(role)
    const owner = (claimed: DeviceId): MemberId | undefined => [...this.#of('found', past), ...this.#of('admit', past), ...this.#of('link', past), ...this.#of('reseal', past)].filter((entry) => entry.op.introduction.device === claimed).sort((a, b) => (a.id < b.id ? -1 : 1)).map((entry) => 'member' in entry.op ? entry.op.member : this.member(entry.op.grant))[0]
    const isFree = (claimed: DeviceId, by: MemberId): boolean => (owner(claimed) ?? by) === by
    const isReader = (other: DeviceId): boolean => this.grantsOf(other, set).slice(0, 1).some((best) => readers.has(this.role(best)))
    switch (op.type) {
      case 'admit': {
        if (!gives(op.role) || op.member === member || !isFree(op.introduction.device, op.member) || this.#isRemoved(op.introduction.device, op.member, set)) return false
        if (!op.invite) return stewards.has(role)
        const opened = this.#of('invite', set).find((invite) => invite.id === op.invite?.opened)
        if (!opened || opened.op.role !== op.role || (opened.op.approval === 'steward' && !stewards.has(role))) return false
        if (!this.isLive(opened.op.grant, set) || !this.isUsable(opened.device, opened.op.grant, set)) return false
        return !this.#of('close', set).some((close) => close.op.opened === opened.id) && this.#of('admit', set).filter((admission) => admission.op.invite?.opened === opened.id).length < opened.op.uses
      }
      case 'promote': return gives(op.role) && op.member !== member && [...this.grants(set)].some((other) => this.member(other) === op.member) && op.devices.length > 0 && op.devices.every((named) => this.#nearest(named, op.member, set) < Infinity && !this.#isRemoved(named, op.member, set))
      case 'link': return isFree(op.introduction.device, member) && !this.isUsable(op.introduction.device, grant, set) && this.deviceTakers(op.introduction.device, grant, set).length === 0 && !this.#isRemoved(op.introduction.device, member, set)
      case 'remove': return granters.has(role) && op.member !== member && [...this.grants(set)].some((other) => this.member(other) === op.member && this.outranks(grant, other))
      case 'removeDevice': {
        const nearer = op.rootProof ? -1 : this.distance(device, grant, set)
        const reached = new Set([device])
        for (const _ of set) for (const link of this.#of('link', set)) if (this.member(link.op.grant) === member && reached.has(link.device)) reached.add(link.op.introduction.device)
        if (!op.rootProof && (op.device === device || !reached.has(op.device))) return false
        return [...this.grants(set)].some((other) => this.member(other) === member && (rank(role) - rank(this.role(other)) || this.depth(other) - this.depth(grant)) >= 0 && this.distance(op.device, other, set) < Infinity && nearer < this.distance(op.device, other, set))
      }
      case 'invite': return gives(op.role) && op.uses > 0
      case 'close': return this.#of('invite', past).some((opened) => opened.id === op.opened && (opened.op.grant === grant || this.outranks(grant, opened.op.grant)))
      case 'rotate': return writers.has(role) && op.recipients.map((other) => other.device).join() === this.devices(set).filter(isReader).join()
      case 'share': return writers.has(role) && this.#of('rotate', past).some((rotation) => rotation.id === op.epoch) && op.recipients.every((other) => isReader(other.device))
      case 'reseal': return op.introduction.device === device
      case 'leave': return id !== grant
      case 'horizon':
      case 'policy': return stewards.has(role)
    }
  }
}

/** Whether the root key speaks, and the device only carries what it says. */
function isRootSigned({ op, device }: MemberEntry): boolean {
  return (op.type === 'removeDevice' || (op.type === 'link' && op.introduction.device === device)) && op.rootProof !== undefined
}
