/**
 * Who is in the mesh as seen from one membership frontier: a reading with its answers worked out. Views are
 * immutable; asking the same frontier twice gives the same answers for ever.
 */
import type { DeviceId, EntryId, MemberId, SealingKey } from '../wire/ids.ts'
import { opAt, type Grant, type History, type MemberEntry, type Positions } from './history.ts'
import { policyInForce } from './in-force.ts'
import type { MemberOp } from './ops.ts'
import type { Policy } from './policy.ts'
import { Reading } from './reading.ts'
import { rank, readers, writers, type Role } from './roles.ts'

/** A member at some frontier. Without a live grant its status says how that came about. */
export interface MemberState {
  readonly id: MemberId
  /** The best it has, or, without a live grant, the best it had. */
  readonly role: Role
  readonly status: 'active' | 'left' | 'removed'
  /** Devices that may act for it now. */
  readonly devices: readonly DeviceId[]
  readonly since: number
  readonly admittedBy: MemberId | undefined
}

/** What a device is and may do at some frontier. */
export interface DeviceState {
  readonly device: DeviceId
  readonly member: MemberId
  readonly role: Role
  /** The best grant it may use: the one to name in its next membership entry. */
  readonly grant: EntryId
}

/** An invite that let in more than it was opened for: uses spent in several partitions (DESIGN 5). */
export interface Overuse {
  readonly opened: EntryId
  readonly uses: number
  readonly admitted: readonly MemberId[]
}

/** Operations after which a list of members or devices may differ. */
const listed: ReadonlySet<MemberOp['type']> = new Set(['found', 'admit', 'promote', 'link', 'remove', 'removeDevice', 'leave', 'close'])

/** Operations that change what stands of those they do not know. */
const unsettling: ReadonlySet<MemberOp['type']> = new Set(['link', 'remove', 'removeDevice', 'close'])

export class View {
  readonly reading: Reading
  readonly #history: History
  #devices = new Map<DeviceId, DeviceState | undefined>()
  #members = new Map<MemberId, MemberState | undefined>()
  #allDevices: readonly DeviceState[] | undefined
  #allMembers: readonly MemberState[] | undefined
  #epochs: readonly EntryId[] | undefined
  #policies = new Map<string, Policy | undefined>()

  constructor(history: History, scope: Positions, reading = new Reading(history, scope)) {
    this.#history = history
    this.reading = reading
  }

  /**
   * The view of one entry more. Keeps what was worked out where that entry cannot change it: what came after all
   * else takes nothing of it, whatever it is (rule T4: an operation stands within the past of what would take it).
   * @param knewAll whether everything seen here lies in the entry's past
   */
  extended(scope: Positions, type: MemberOp['type'], knewAll: boolean): View {
    if (!knewAll && unsettling.has(type)) return new View(this.#history, scope)
    const view = new View(this.#history, scope, new Reading(this.#history, scope, this.reading))
    if (type !== 'policy') view.#policies = this.#policies
    if (listed.has(type)) return view
    view.#devices = this.#devices
    view.#members = this.#members
    view.#allDevices = this.#allDevices
    view.#allMembers = this.#allMembers
    return view
  }

  /** The device with its best live grant, or undefined when it is not admitted here. */
  device(device: DeviceId): DeviceState | undefined {
    if (!this.#devices.has(device)) this.#devices.set(device, this.#findDevice(device))
    return this.#devices.get(device)
  }

  /** The grant that a member's next device is linked to: its best live one. */
  grantOf(member: MemberId): EntryId | undefined {
    const live = (this.#history.grantsOf.get(member) ?? []).filter((at) => this.reading.isLive(at)).map((at) => this.#history.grants.get(at) as Grant)
    const [first, ...others] = live
    return first && this.#entry(others.reduce((best, grant) => (this.#isBetter(grant, best) ? grant : best), first)).id
  }

  /** In the order of their ids. */
  devices(): readonly DeviceState[] {
    this.#allDevices ??= [...this.#history.seats.keys()].sort().flatMap((device) => this.device(device) ?? [])
    return this.#allDevices
  }

  member(member: MemberId): MemberState | undefined {
    if (!this.#members.has(member)) this.#members.set(member, this.#findMember(member))
    return this.#members.get(member)
  }

  /** In the order they came. */
  members(): readonly MemberState[] {
    this.#allMembers ??= [...this.#history.grantsOf.keys()].flatMap((member) => this.member(member) ?? []).sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1))
    return this.#allMembers
  }

  isWriter(device: DeviceId): boolean {
    const state = this.device(device)
    return state !== undefined && writers.has(state.role)
  }

  /** Devices that hold content keys, in ascending order. */
  readerDevices(): DeviceId[] {
    return this.devices().filter((state) => readers.has(state.role)).map((state) => state.device)
  }

  /** Devices that may use a grant, in ascending order. */
  devicesOf(grant: Grant): DeviceId[] {
    return [...(this.#history.devicesOf.get(grant.at) ?? [])].filter((device) => this.reading.isUsable(device, grant)).sort()
  }

  /** Whether a device was taken from a member, and no live grant of the member is left to it. */
  isRemoved(device: DeviceId, member: MemberId): boolean {
    const grants = this.#grantsOf(device).filter((grant) => grant.member === member && this.reading.isSeated(device, grant.at))
    if (!grants.some((grant) => this.reading.deviceTakers(device, grant).length > 0)) return false
    return !grants.some((grant) => this.reading.isLive(grant.at) && this.reading.isUsable(device, grant))
  }

  /** How many links stand between a device and its member's root key (see `reading.ts`); Infinity: not its device. */
  distance(device: DeviceId, member: MemberId): number {
    return Math.min(...this.#grantsOf(device).map((grant) => (grant.member === member ? this.reading.distance(device, grant.at) : Infinity)))
  }

  /** The newest sealing key that a device certified. */
  sealingKey(device: DeviceId): SealingKey | undefined {
    const { depths, entries } = this.#history
    const id = (at: number): EntryId => (entries[at] as MemberEntry).id
    // The later in causal order; where neither is, the same one at every peer.
    const later = (a: number, b: number): boolean => depths[a] !== depths[b] ? (depths[a] as number) > (depths[b] as number) : id(a) > id(b)
    let newest: { at: number; key: SealingKey } | undefined
    for (const known of this.sealingKeys(device)) if (!newest || later(known.at, newest.at)) newest = known
    return newest?.key
  }

  hasSealingKey(device: DeviceId, key: SealingKey): boolean {
    return this.sealingKeys(device).some((known) => known.key === key)
  }

  sealingKeys(device: DeviceId): { at: number; key: SealingKey }[] {
    return (this.#history.introductions.get(device) ?? []).filter(({ at }) => this.reading.stands(at))
  }

  /** The policy in force under a key here; undefined where nothing was ever said, or nothing of it stands. */
  policy(key: string): Policy | undefined {
    if (!this.#policies.has(key)) this.#policies.set(key, policyInForce(this.#history, key, this.reading, (at) => this.reading.stands(at)))
    return this.#policies.get(key)
  }

  /**
   * Epochs that a writer at this frontier may seal under (rule T6), best first: each knew every standing operation
   * that takes authority, and everyone it was made for or handed to since is still admitted.
   */
  epochs(): readonly EntryId[] {
    this.#epochs ??= this.#usableEpochs()
    return this.#epochs
  }

  /** Invites that let in more than they were opened for, by the id of the entry that opened them. */
  overused(): Overuse[] {
    const overuses: Overuse[] = []
    for (const [at, admissions] of this.#history.admissions) {
      const { uses } = opAt<'invite'>(this.#history, at)
      const standing = admissions.filter((admission) => this.reading.stands(admission)).map((admission) => opAt<'admit'>(this.#history, admission).member)
      // Whom two let in without knowing of each other came in once.
      const admitted = [...new Set(standing)]
      if (admitted.length > uses) overuses.push({ opened: (this.#history.entries[at] as MemberEntry).id, uses, admitted: admitted.sort() })
    }
    return overuses.sort((a, b) => (a.opened < b.opened ? -1 : 1))
  }

  #usableEpochs(): EntryId[] {
    const { reading } = this
    const history = this.#history
    const takers = [history.removals, history.deviceRemovals, history.leaves].flatMap((index) => [...index.values()].flat()).filter((at) => reading.stands(at))
    const usable = history.rotations.filter((at) => takers.every((taker) => history.inPast(at, taker)) && reading.stands(at) && this.#isHeldByReaders(at))
    const id = (at: number): EntryId => (history.entries[at] as MemberEntry).id
    return usable.sort((a, b) => (history.depths[b] as number) - (history.depths[a] as number) || (id(a) < id(b) ? -1 : 1)).map(id)
  }

  /** Whether everyone who was given an epoch's key is a reader now. What a share gave it gave, whether it stands or not. */
  #isHeldByReaders(rotation: number): boolean {
    const history = this.#history
    const shares = (history.shares.get(rotation) ?? []).filter((at) => this.reading.has(at))
    const given = [opAt<'rotate'>(history, rotation).recipients, ...shares.map((at) => opAt<'share'>(history, at).recipients)].flat()
    return given.every(({ device }) => readers.has(this.device(device)?.role ?? 'mirror'))
  }

  #grantsOf(device: DeviceId): Grant[] {
    const at = new Set((this.#history.seats.get(device) ?? []).map((seat) => seat.grant))
    return [...at].filter((grant) => this.reading.has(grant)).map((grant) => this.#history.grants.get(grant) as Grant)
  }

  #findDevice(device: DeviceId): DeviceState | undefined {
    let best: Grant | undefined
    for (const grant of this.#grantsOf(device)) {
      if (best && !this.#isBetter(grant, best)) continue
      if (this.reading.isLive(grant.at) && this.reading.isUsable(device, grant)) best = grant
    }
    return best && { device, member: best.member, role: best.role, grant: this.#entry(best).id }
  }

  #findMember(member: MemberId): MemberState | undefined {
    const standing = (this.#history.grantsOf.get(member) ?? []).filter((at) => this.reading.stands(at)).map((at) => this.#history.grants.get(at) as Grant)
    // In an order that does not depend on arrival, so that every peer shows the same (rule C1).
    standing.sort((a, b) => this.#entry(a).ms - this.#entry(b).ms || (this.#entry(a).id < this.#entry(b).id ? -1 : 1))
    const [first] = standing
    if (!first) return undefined
    const live = standing.filter((grant) => this.reading.isLive(grant.at))
    const best = (live.length > 0 ? live : standing).reduce((a, b) => (rank(b.role) > rank(a.role) ? b : a))
    return {
      id: member,
      role: best.role,
      status: live.length > 0 ? 'active' : standing.some((grant) => this.reading.takers(grant).length > 0) ? 'removed' : 'left',
      devices: [...new Set(live.flatMap((grant) => this.devicesOf(grant)))].sort(),
      since: this.#entry(first).ms,
      admittedBy: first.parent === undefined ? undefined : this.#history.grants.get(first.parent)?.member,
    }
  }

  /** By role, then by depth in the tree of grants, then as every peer decides. */
  #isBetter(a: Grant, b: Grant): boolean {
    if (a.role !== b.role) return rank(a.role) > rank(b.role)
    return a.depth !== b.depth ? a.depth < b.depth : this.#entry(a).id < this.#entry(b).id
  }

  #entry(grant: Grant): MemberEntry {
    return this.#history.entries[grant.at] as MemberEntry
  }
}
