/**
 * The rules of membership (T3 to T6) once more: as conditions on a set of operations, without an order to judge in.
 * `reading.ts` is what runs; this is what it is checked against (test/property/membership-one-reading.test.ts).
 * It knows nothing of signatures: every proof is taken to hold, and every sealer to be certified.
 */
import type { DeviceId, EntryId, MemberId } from '../wire/ids.ts'
import type { MemberEntry } from './history.ts'
import type { OpOf } from './ops.ts'
import { decodePolicy } from './policy.ts'
import { granters, rank, readers, stewards, writers, type Role } from './roles.ts'

type Ids = ReadonlySet<EntryId>
type Type = MemberEntry['op']['type']
type Of<T extends Type> = MemberEntry & { readonly op: OpOf<T> }

export class Reference {
  readonly entries = new Map<EntryId, MemberEntry>()
  readonly pasts = new Map<EntryId, Ids>()
  /** What was allowed at the frontier it names. */
  readonly valid = new Map<EntryId, MemberEntry>()
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
      this.valid.set(entry.id, entry)
      if (entry.op.type === 'promote') for (const device of entry.op.devices) this.#seen.set(`${entry.id} ${device}`, this.#nearest(device, entry.op.member, seen))
    }
  }

  /** Whether `set` is a reading of `within`: it holds exactly those operations whose conditions it meets. */
  isConsistent = (within: Iterable<EntryId>, set: Ids): boolean => [...within].every((id) => set.has(id) === this.#holds(id, set))

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
    const valid = [...this.valid.values()].filter(({ id }) => within.has(id))
    const mayTake = ({ id, op }: MemberEntry, entry: MemberEntry): boolean => id !== entry.id && !this.past(id).has(entry.id) && this.#uses(entry).some(({ by, grant, device }) =>
      (op.type === 'remove' && op.member === this.member(grant)) || (op.type === 'removeDevice' && op.device === device) || (op.type === 'close' && op.opened === by))
    const disputed = new Set(valid.filter((entry) => valid.some((other) => mayTake(other, entry))).map(({ id }) => id))
    const used = (entry: MemberEntry): EntryId[] => this.#uses(entry).flatMap(({ by, grant, device }) => [by, grant, ...this.#links(device, grant, this.past(entry.id)).map(({ id }) => id)])
    for (let before = -1; before !== disputed.size; ) {
      before = disputed.size
      for (const entry of valid) if (used(entry).some((id) => disputed.has(id))) disputed.add(entry.id)
    }
    return disputed
  }

  /** The conditions of DESIGN T4, of one operation in one set. */
  #holds(id: EntryId, set: Ids): boolean {
    const entry = this.valid.get(id)
    if (!entry) return false
    const outside = (other: MemberEntry): boolean => other.id !== id && !this.past(other.id).has(id)
    return this.#uses(entry).every(({ by, grant, device }) => {
      if (!set.has(grant) || (by !== id && !set.has(by)) || this.takers(grant, set).some(outside)) return false
      if (by !== id && this.#of('close', set).some((close) => close.op.opened === by && outside(close))) return false
      const takers = this.deviceTakers(device, grant, set).filter(outside)
      if (isRootSigned(entry)) return entry.op.type === 'removeDevice' || !takers.some(isRootSigned)
      return this.distance(device, grant, set, this.past(id)) < Infinity && takers.length === 0
    })
  }

  /** The removals in a set that take a grant. */
  takers(grant: EntryId, set: Ids): MemberEntry[] {
    return this.#of('remove', set).filter(({ id, op }) => op.member === this.member(grant) && !this.past(grant).has(id) && this.outranks(op.grant, grant))
  }

  /** The device removals in a set that take a device's use of a grant. */
  deviceTakers(device: DeviceId, grant: EntryId, set: Ids): MemberEntry[] {
    return this.#of('removeDevice', set).filter((removal) => {
      const { id, op } = removal
      if (op.device !== device || this.member(op.grant) !== this.member(grant) || this.past(grant).has(id) || this.#level(op.grant, grant) < 0) return false
      return isRootSigned(removal) || this.distance(removal.device, op.grant, set, this.past(id)) < this.distance(device, grant, set)
    })
  }

  /** How many links of a set stand between a device and its root key's word for a grant; Infinity without any. */
  distance(device: DeviceId, grant: EntryId, set: Ids, before: Ids = set): number {
    if (!set.has(grant)) return Infinity
    const links = this.#links(device, grant, set).filter(({ id }) => before.has(id))
    const through = links.map((link) => (isRootSigned(link) ? 0 : 1 + this.distance(link.device, grant, set, this.past(link.id))))
    const { op } = this.#entry(grant)
    if (op.type === 'promote') return Math.min(...through, this.#seen.get(`${grant} ${device}`) ?? Infinity)
    return Math.min(...through, 'introduction' in op && op.introduction.device === device ? 0 : Infinity)
  }

  isLive = (grant: EntryId, set: Ids): boolean => set.has(grant) && this.takers(grant, set).length === 0
    && !this.#of('leave', set).some(({ id, op }) => this.member(op.grant) === this.member(grant) && !this.past(grant).has(id))

  isUsable = (device: DeviceId, grant: EntryId, set: Ids): boolean => this.distance(device, grant, set) < Infinity && this.deviceTakers(device, grant, set).length === 0

  /** The live grants that a device may use, best first. */
  grantsOf(device: DeviceId, set: Ids): EntryId[] {
    return this.grants(set).filter((grant) => this.isLive(grant, set) && this.isUsable(device, grant, set)).sort((a, b) => this.#level(b, a) || (a < b ? -1 : 1))
  }

  devices(set: Ids): DeviceId[] {
    const named = [...set].flatMap((id) => { const { op } = this.#entry(id); return op.type === 'promote' ? op.devices : 'introduction' in op ? [op.introduction.device] : [] })
    return [...new Set(named)].filter((device) => this.grantsOf(device, set).length > 0).sort()
  }

  grants = (set: Ids, member?: MemberId): EntryId[] => [...this.#of('found', set), ...this.#of('admit', set), ...this.#of('promote', set)].filter(({ op }) => (member ?? op.member) === op.member).map(({ id }) => id)
  past = (id: EntryId): Ids => this.pasts.get(id) as Ids
  member = (grant: EntryId): MemberId => (this.#entry(grant) as Of<'admit'>).op.member
  role = (grant: EntryId): Role => (this.#entry(grant).op.type === 'found' ? 'owner' : (this.#entry(grant) as Of<'admit'>).op.role)
  /** The grants that a grant was given through: the inviter's first. */
  #above = (grant: EntryId): EntryId[] => this.#uses(this.#entry(grant)).map((use) => use.grant).reverse()
  #depth = (grant: EntryId): number => 1 + Math.max(-1, ...this.#above(grant).map(this.#depth))
  /** Above zero where the first grant ranks higher: by role, then by depth. */
  #level = (a: EntryId, b: EntryId): number => rank(this.role(a)) - rank(this.role(b)) || this.#depth(b) - this.#depth(a)
  /** Whether a grant lets take another: of a lower role, or of the same role and given through it. */
  outranks = (a: EntryId, b: EntryId): boolean => this.role(a) === this.role(b) ? this.#above(b).slice(0, 1).some((up) => up === a || this.outranks(a, up)) : rank(this.role(a)) > rank(this.role(b))

  /** With which grant and device an entry acts; an admission by invite also with the inviter's. */
  #uses({ id, op, device }: MemberEntry): { by: EntryId; grant: EntryId; device: DeviceId }[] {
    if (op.type === 'found') return []
    return [{ by: id, grant: op.grant, device }, ...(op.type === 'admit' && op.invite ? this.#uses(this.#entry(op.invite.opened)) : [])]
  }

  #entry = (id: EntryId): MemberEntry => this.entries.get(id) as MemberEntry
  #of = <T extends Type>(type: T, set: Ids): Of<T>[] => [...this.valid.values()].filter(({ id, op }) => op.type === type && set.has(id)) as Of<T>[]
  #links = (device: DeviceId, grant: EntryId, set: Ids): Of<'link'>[] => this.#of('link', set).filter(({ op }) => op.grant === grant && op.introduction.device === device)
  #nearest = (device: DeviceId, member: MemberId, set: Ids): number => Math.min(...this.grants(set, member).map((grant) => this.distance(device, grant, set)))

  /** Whether a device was taken from a member and has nothing of it left. */
  #isRemoved(device: DeviceId, member: MemberId, set: Ids): boolean {
    const seated = this.grants(set, member).filter((grant) => this.distance(device, grant, set) < Infinity)
    const taken = seated.filter((grant) => this.deviceTakers(device, grant, set).length > 0)
    return taken.length > 0 && seated.every((grant) => taken.includes(grant) || !this.isLive(grant, set))
  }

  /** A device belongs to who introduced it; of several who did, to that of the lowest entry. */
  #isOf(device: DeviceId, member: MemberId, past: Ids): boolean {
    const [first] = (['found', 'admit', 'link', 'reseal'] as const).flatMap((type) => this.#of(type, past)).filter(({ op }) => op.introduction.device === device).sort((a, b) => (a.id < b.id ? -1 : 1))
    return !first || member === ('member' in first.op ? first.op.member : this.member(first.op.grant))
  }

  /** Who may do what, as seen from the frontier that an entry names (rule T3). */
  #isAllowed(entry: MemberEntry, past: Ids, set: Ids): boolean {
    const { device, op } = entry
    if (op.type === 'found') return past.size === 0
    const { grant } = op
    if (!past.has(grant) || !this.grants(set).includes(grant) || !this.isLive(grant, set)) return false
    if (!(op.type === 'link' && isRootSigned(entry)) && !this.isUsable(device, grant, set)) return false
    const [member, role] = [this.member(grant), this.role(grant)]
    const mayGive = (given: Role): boolean => granters.has(role) && rank(given) <= rank(role)
    const isReader = (other: DeviceId): boolean => this.grantsOf(other, set).slice(0, 1).some((best) => readers.has(this.role(best)))
    switch (op.type) {
      case 'admit': return mayGive(op.role) && op.member !== member && this.#isOf(op.introduction.device, op.member, past) && !this.#isRemoved(op.introduction.device, op.member, set) && (op.invite ? this.#isInvited(op, role, set) : stewards.has(role))
      case 'promote': return mayGive(op.role) && op.member !== member && this.grants(set, op.member).length > 0 && op.devices.length > 0 && op.devices.every((named) => this.#nearest(named, op.member, set) < Infinity && !this.#isRemoved(named, op.member, set))
      case 'link': return this.#isOf(op.introduction.device, member, past) && !this.isUsable(op.introduction.device, grant, set) && this.deviceTakers(op.introduction.device, grant, set).length === 0 && !this.#isRemoved(op.introduction.device, member, set)
      case 'remove': return granters.has(role) && op.member !== member && this.grants(set, op.member).some((other) => this.outranks(grant, other))
      case 'removeDevice': return (op.rootProof !== undefined || this.#leads(device, op.device, member, set)) && this.grants(set, member).some((other) => {
        const distance = this.distance(op.device, other, set)
        return this.#level(grant, other) >= 0 && distance < Infinity && (op.rootProof !== undefined || this.distance(device, grant, set) < distance)
      })
      case 'invite': return mayGive(op.role) && op.uses > 0
      case 'close': return this.#of('invite', past).some((opened) => opened.id === op.opened && (opened.op.grant === grant || this.outranks(grant, opened.op.grant)))
      case 'rotate': return writers.has(role) && op.recipients.map((other) => other.device).join() === this.devices(set).filter(isReader).join()
      case 'share': return writers.has(role) && this.#of('rotate', past).some((rotation) => rotation.id === op.epoch) && op.recipients.every((other) => isReader(other.device))
      case 'reseal': return op.introduction.device === device
      case 'leave': return true
      case 'horizon': return stewards.has(role)
      case 'policy': return stewards.has(role) && this.#mayExcept(op, set)
    }
  }

  /** Exceptions are made for whom the grant could remove. */
  #mayExcept({ grant, payload }: OpOf<'policy'>, set: Ids): boolean {
    const said = decodePolicy(payload)
    if (!said.ok || said.value.type !== 'except') return true
    const live = this.grants(set, said.value.member).filter((other) => this.isLive(other, set))
    return live.length > 0 && live.every((other) => this.outranks(grant, other))
  }

  #isInvited({ role: given, invite }: OpOf<'admit'>, role: Role, set: Ids): boolean {
    const opened = this.#of('invite', set).find(({ id }) => id === invite?.opened)
    if (!opened || opened.op.role !== given || (opened.op.approval === 'steward' && !stewards.has(role)) || !this.isLive(opened.op.grant, set) || !this.isUsable(opened.device, opened.op.grant, set)) return false
    const used = this.#of('admit', set).filter((admission) => admission.op.invite?.opened === opened.id).length
    return used < opened.op.uses && !this.#of('close', set).some((close) => close.op.opened === opened.id)
  }

  /** Whether links lead from one device of a member to another. */
  #leads(from: DeviceId, to: DeviceId, member: MemberId, set: Ids): boolean {
    const links = this.#of('link', set).filter(({ op }) => this.member(op.grant) === member)
    const reached = new Set([from])
    for (const _ of links) for (const link of links) if (reached.has(link.device)) reached.add(link.op.introduction.device)
    return from !== to && reached.has(to)
  }
}

/** Whether the root key speaks, and the device only carries what it says. */
const isRootSigned = ({ op, device }: MemberEntry): boolean => (op.type === 'removeDevice' || (op.type === 'link' && op.introduction.device === device)) && op.rootProof !== undefined
