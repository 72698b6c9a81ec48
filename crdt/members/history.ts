/**
 * The membership history as a graph: entries in an order in which each comes after its past, the past of each as
 * a bit set, and indexes of what takes authority. It judges nothing; `reading.ts` does.
 */
import type { DeviceId, EntryId, LogId, MemberId, SealingKey } from '../wire/ids.ts'
import type { MemberOp } from './ops.ts'
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

/** A set of positions in a history. */
export class BitSet {
  #words: Uint32Array

  constructor(bits = 0) {
    this.#words = new Uint32Array((bits + 31) >>> 5)
  }

  has(bit: number): boolean {
    return ((this.#words[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0
  }

  add(bit: number): void {
    const word = bit >>> 5
    if (word >= this.#words.length) {
      const wider = new Uint32Array(Math.max(word + 1, this.#words.length * 2))
      wider.set(this.#words)
      this.#words = wider
    }
    this.#words[word] = (this.#words[word] as number) | (1 << (bit & 31))
  }

  addAll(other: BitSet): void {
    if (other.#words.length > this.#words.length) {
      const wider = new Uint32Array(other.#words.length)
      wider.set(this.#words)
      this.#words = wider
    }
    for (let i = 0; i < other.#words.length; i++) this.#words[i] = (this.#words[i] as number) | (other.#words[i] as number)
  }

  count(): number {
    let bits = 0
    for (let word of this.#words) for (; word !== 0; word &= word - 1) bits++
    return bits
  }
}

/** A grant: who got which role, through what, and how deep it stands in the tree. */
export interface Grant {
  readonly at: number
  readonly member: MemberId
  readonly role: Role
  /** Devices that may use it from the start; links add more. */
  readonly devices: readonly DeviceId[]
  /** The grant it was given through: the inviter's, where there is an invite. */
  readonly parent: number | undefined
  readonly depth: number
}

export class History {
  readonly entries: MemberEntry[] = []
  readonly pasts: BitSet[] = []
  /** Whether each entry was allowed at the frontier it names: decided once, when it is added. */
  readonly valid: boolean[] = []
  readonly grants = new Map<number, Grant>()
  readonly removals = new Map<MemberId, number[]>()
  readonly deviceRemovals = new Map<DeviceId, number[]>()
  readonly leaves = new Map<MemberId, number[]>()
  readonly closes = new Map<number, number[]>()
  readonly admissions = new Map<number, number[]>()
  /** Links by the grant they were made under. */
  readonly links = new Map<number, number[]>()
  readonly rotations: number[] = []
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
    const past = new BitSet(this.size)
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

  /** Adds an entry whose parents are known and whose validity has been judged. */
  add(entry: MemberEntry, past: BitSet, valid: boolean): number {
    const at = this.entries.length
    this.entries.push(entry)
    this.pasts.push(past)
    this.valid.push(valid)
    this.#index.set(entry.id, at)
    if (valid) this.#indexOp(at, entry)
    return at
  }

  grantUsed(at: number): number | undefined {
    const { op } = this.entries[at] as MemberEntry
    return op.type === 'found' ? undefined : this.#index.get(op.grant)
  }

  /** The member on whose behalf an entry was written. */
  memberOf(at: number): MemberId | undefined {
    const { op } = this.entries[at] as MemberEntry
    if (op.type === 'found') return op.member
    const grant = this.#index.get(op.grant)
    return grant === undefined ? undefined : this.grants.get(grant)?.member
  }

  #indexOp(at: number, entry: MemberEntry): void {
    const { op } = entry
    if ('introduction' in op) push(this.introductions, op.introduction.device, { at, key: op.introduction.sealingKey })
    if (op.type === 'found') this.grants.set(at, { at, member: op.member, role: 'owner', devices: [entry.device], parent: undefined, depth: 0 })
    if (op.type === 'admit') {
      const opened = op.invite && (this.#index.get(op.invite.opened) as number)
      const through = opened === undefined ? [this.grantUsed(at) as number] : [this.grantUsed(opened) as number, this.grantUsed(at) as number]
      this.grants.set(at, { at, member: op.member, role: op.role, devices: [op.introduction.device], parent: through[0], depth: this.#below(through) })
      if (opened !== undefined) push(this.admissions, opened, at)
    }
    if (op.type === 'promote') {
      const through = this.grantUsed(at) as number
      this.grants.set(at, { at, member: op.member, role: op.role, devices: op.devices, parent: through, depth: this.#below([through]) })
    }
    if (op.type === 'link') push(this.links, this.grantUsed(at) as number, at)
    if (op.type === 'remove') push(this.removals, op.member, at)
    if (op.type === 'removeDevice') push(this.deviceRemovals, op.device, at)
    if (op.type === 'leave') push(this.leaves, this.memberOf(at) as MemberId, at)
    if (op.type === 'close') push(this.closes, this.#index.get(op.opened) as number, at)
    if (op.type === 'rotate') this.rotations.push(at)
  }

  #below(through: readonly number[]): number {
    return 1 + Math.max(...through.map((at) => this.grants.get(at)?.depth ?? 0))
  }
}

/** Whether grant `a` ranks above `b`, or level with it: first by role, then by depth in the tree of grants. */
export function ranksAtLeast(a: Grant, b: Grant): boolean {
  return rank(a.role) > rank(b.role) || (a.role === b.role && a.depth <= b.depth)
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
