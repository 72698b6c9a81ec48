/**
 * The membership history as a graph: entries in an order in which each comes after its past, the past of each as
 * a bit set, and indexes of what gives and takes authority. It judges nothing; `reading.ts` does. Positions depend
 * on the order of arrival: nothing may be decided by comparing them.
 */
import type { DeviceId, EntryId, LogId, MemberId, SealingKey } from '../wire/ids.ts'
import type { MemberOp, OpOf } from './ops.ts'
import { decodePolicy, policyKey, type Policy } from './policy.ts'
import { rank, type Role } from './roles.ts'

/** A membership entry as the fold sees it. */
export interface MemberEntry {
  readonly id: EntryId
  readonly log: LogId
  readonly seq: number
  readonly device: DeviceId
  /** The membership frontier it was written at, with its own predecessor: its parents in the graph. */
  readonly parents: readonly EntryId[]
  readonly op: MemberOp
  readonly ms: number
}

/** Some positions of a history. */
export interface Positions {
  has(at: number): boolean
}

/** The positions of everything that was known when there were `size` entries. */
export const upTo = (size: number): Positions => ({ has: (at) => at < size })

/**
 * A set of positions in a history. An entry mostly knows everything up to some position and little after it, so
 * what is full at the start is only counted: a history of n entries takes memory as n, not as n squared.
 */
export class BitSet implements Positions {
  /** How many words are full before the first one kept. */
  #full = 0
  #words: Uint32Array = new Uint32Array()

  has(bit: number): boolean {
    const word = bit >>> 5
    return word < this.#full || ((this.#words[word - this.#full] ?? 0) & (1 << (bit & 31))) !== 0
  }

  add(bit: number): void {
    if (this.has(bit)) return
    const word = (bit >>> 5) - this.#full
    if (word >= this.#words.length) this.#keep(this.#full, this.#full + word + 1)
    this.#words[word] = (this.#words[word] as number) | (1 << (bit & 31))
    this.#trim()
  }

  addAll(other: BitSet): void {
    this.#keep(Math.max(this.#full, other.#full), Math.max(this.#full + this.#words.length, other.#full + other.#words.length))
    for (let i = 0; i < other.#words.length; i++) {
      const word = i + other.#full - this.#full
      if (word >= 0) this.#words[word] = (this.#words[word] as number) | (other.#words[i] as number)
    }
    this.#trim()
  }

  count(): number {
    let bits = this.#full * 32
    for (const word of this.#words) {
      // Sums in ever wider fields: pairs, nibbles, bytes, the word.
      const pairs = word - ((word >>> 1) & 0x55555555)
      const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
      bits += Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
    }
    return bits
  }

  /** Keeps words from `full` on, all before being full, with room up to `end`. */
  #keep(full: number, end: number): void {
    const words = new Uint32Array(Math.max(0, end - full))
    words.set(this.#words.subarray(Math.max(0, full - this.#full)))
    this.#words = words
    this.#full = full
  }

  #trim(): void {
    let full = 0
    while (this.#words[full] === 0xffffffff) full++
    if (full > 0) this.#keep(this.#full + full, this.#full + this.#words.length)
  }
}

/** A grant: who got which role, through what, and how deep it stands in the tree. */
export interface Grant {
  readonly at: number
  readonly member: MemberId
  readonly role: Role
  /** The grant it was given through: the inviter's, where there is an invite. */
  readonly parent: number | undefined
  readonly depth: number
}

/** What lets a device use a grant: the grant itself, where it names the device, or a link under it. */
export interface Seat {
  /** The entry that gives it: the grant's own, or the link's. */
  readonly at: number
  readonly grant: number
  /**
   * How many links stand between the device and the word of the root key, where that does not depend on the reading:
   * 0 where the root key signed; for a device that a promotion names, what it was as the promoter saw it.
   */
  readonly distance: number | undefined
}

export class History {
  readonly entries: MemberEntry[] = []
  readonly pasts: BitSet[] = []
  /** How many entries lie in the past of each: grows along every path, and is the same at every peer. */
  readonly depths: number[] = []
  /** Whether each entry was allowed at the frontier it names: decided once, when it is added. */
  readonly valid: boolean[] = []
  readonly grants = new Map<number, Grant>()
  readonly grantsOf = new Map<MemberId, number[]>()
  readonly seats = new Map<DeviceId, Seat[]>()
  /** Devices that were ever seated in a grant. */
  readonly devicesOf = new Map<number, Set<DeviceId>>()
  readonly links = new Map<MemberId, number[]>()
  /** Links and device removals of a member under grants of one level, by `lineKey`: they are judged together. */
  readonly lines = new Map<string, number[]>()
  readonly removals = new Map<MemberId, number[]>()
  readonly deviceRemovals = new Map<DeviceId, number[]>()
  readonly leaves = new Map<MemberId, number[]>()
  readonly closes = new Map<number, number[]>()
  readonly admissions = new Map<number, number[]>()
  readonly rotations: number[] = []
  /** By the rotation whose key they hand on. */
  readonly shares = new Map<number, number[]>()
  /** Policies that this version understands, by what they are about (`policyKey`). */
  readonly policies = new Map<string, { readonly at: number; readonly policy: Policy }[]>()
  /** Sealing keys by device, with the entry that certified each. */
  readonly introductions = new Map<DeviceId, { at: number; key: SealingKey }[]>()
  readonly #index = new Map<EntryId, number>()

  get size(): number {
    return this.entries.length
  }

  at(id: EntryId): number | undefined {
    return this.#index.get(id)
  }

  /** Everything before the given entries, and they themselves; undefined when one is not known. */
  pastOf(frontier: readonly EntryId[]): BitSet | undefined {
    const past = new BitSet()
    for (const id of frontier) {
      const at = this.#index.get(id)
      if (at === undefined) return undefined
      past.addAll(this.pasts[at] as BitSet)
      past.add(at)
    }
    return past
  }

  inPast(of: number, at: number): boolean {
    return (this.pasts[of] as BitSet).has(at)
  }

  /**
   * Adds an entry whose parents are known and whose validity has been judged.
   * @param distanceOf of a device that a promotion names, as seen from the frontier it names
   */
  add(entry: MemberEntry, past: BitSet, valid: boolean, distanceOf: (device: DeviceId) => number): number {
    const at = this.entries.length
    this.entries.push(entry)
    this.pasts.push(past)
    this.depths.push(past.count())
    this.valid.push(valid)
    this.#index.set(entry.id, at)
    if (valid) this.#indexOp(at, entry, distanceOf)
    return at
  }

  grantUsed(at: number): number | undefined {
    const { op } = this.entries[at] as MemberEntry
    return op.type === 'found' ? undefined : this.#index.get(op.grant)
  }

  /** The grant that a valid entry other than the founding used. */
  grantBehind(at: number): Grant {
    return this.grants.get(this.grantUsed(at) as number) as Grant
  }

  /** The member on whose behalf an entry was written. */
  memberOf(at: number): MemberId | undefined {
    const { op } = this.entries[at] as MemberEntry
    if (op.type === 'found') return op.member
    const grant = this.#index.get(op.grant)
    return grant === undefined ? undefined : this.grants.get(grant)?.member
  }

  #indexOp(at: number, entry: MemberEntry, distanceOf: (device: DeviceId) => number): void {
    const { op } = entry
    if ('introduction' in op) push(this.introductions, op.introduction.device, { at, key: op.introduction.sealingKey })
    if (op.type === 'found') this.#grant({ at, member: op.member, role: 'owner', parent: undefined, depth: 0 }, [entry.device], () => 0)
    if (op.type === 'admit') {
      const opened = op.invite && (this.#index.get(op.invite.opened) as number)
      const through = opened === undefined ? [this.grantUsed(at) as number] : [this.grantUsed(opened) as number, this.grantUsed(at) as number]
      this.#grant({ at, member: op.member, role: op.role, parent: through[0], depth: this.#below(through) }, [op.introduction.device], () => 0)
      if (opened !== undefined) push(this.admissions, opened, at)
    }
    if (op.type === 'promote') {
      const through = this.grantUsed(at) as number
      this.#grant({ at, member: op.member, role: op.role, parent: through, depth: this.#below([through]) }, op.devices, distanceOf)
    }
    if (op.type === 'link') {
      const grant = this.grantBehind(at)
      push(this.links, grant.member, at)
      push(this.lines, lineKey(grant), at)
      this.#seat(op.introduction.device, { at, grant: grant.at, distance: signedByRoot(entry) ? 0 : undefined })
    }
    if (op.type === 'removeDevice') {
      push(this.deviceRemovals, op.device, at)
      push(this.lines, lineKey(this.grantBehind(at)), at)
    }
    if (op.type === 'policy') {
      const said = decodePolicy(op.payload)
      if (said.ok) push(this.policies, policyKey(said.value), { at, policy: said.value })
    }
    if (op.type === 'remove') push(this.removals, op.member, at)
    if (op.type === 'leave') push(this.leaves, this.memberOf(at) as MemberId, at)
    if (op.type === 'close') push(this.closes, this.#index.get(op.opened) as number, at)
    if (op.type === 'rotate') this.rotations.push(at)
    if (op.type === 'share') push(this.shares, this.#index.get(op.epoch) as number, at)
  }

  #grant(grant: Grant, devices: readonly DeviceId[], distanceOf: (device: DeviceId) => number): void {
    this.grants.set(grant.at, grant)
    push(this.grantsOf, grant.member, grant.at)
    for (const device of devices) this.#seat(device, { at: grant.at, grant: grant.at, distance: distanceOf(device) })
  }

  #seat(device: DeviceId, seat: Seat): void {
    push(this.seats, device, seat)
    const seated = this.devicesOf.get(seat.grant)
    if (seated) seated.add(device)
    else this.devicesOf.set(seat.grant, new Set([device]))
  }

  #below(through: readonly number[]): number {
    return 1 + Math.max(...through.map((at) => this.grants.get(at)?.depth ?? 0))
  }
}

/** The op of an entry whose type is known from the index it was found in. */
export function opAt<T extends MemberOp['type']>(history: History, at: number): OpOf<T> {
  return (history.entries[at] as MemberEntry).op as OpOf<T>
}

/** Whether the root key speaks in an entry, and its device only carries it: no device vouches for such an entry. */
export function signedByRoot({ op, device }: Pick<MemberEntry, 'op' | 'device'>): boolean {
  if (op.type === 'removeDevice') return op.rootProof !== undefined
  return op.type === 'link' && op.rootProof !== undefined && op.introduction.device === device
}

/** Whether grant `a` ranks above `b`, or level with it: first by role, then by depth in the tree of grants. */
export function ranksAtLeast(a: Grant, b: Grant): boolean {
  return rank(a.role) > rank(b.role) || (a.role === b.role && a.depth <= b.depth)
}

/** Whether who uses grant `a` may take `b`: a lower role, or the same role granted through it (rule T4). */
export function outranks(a: Grant, b: Grant, history: History): boolean {
  if (a.role !== b.role) return rank(a.role) > rank(b.role)
  for (let up = b.parent; up !== undefined; ) {
    if (up === a.at) return true
    const grant = history.grants.get(up) as Grant
    up = grant.depth > a.depth ? grant.parent : undefined
  }
  return false
}

/** What a grant's links and device removals are filed under. */
export const lineKey = ({ member, role, depth }: Grant): string => `${member}|${role}|${depth}`

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
