/**
 * The membership of one mesh: takes membership entries in any order that respects their parents and answers who
 * may do what, now and as seen from any frontier that an entry names.
 */
import type { Verify } from '../crypto/sign.ts'
import type { DeviceId, EntryId, LogId, MemberId, MeshId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { History, upTo, type BitSet, type MemberEntry } from './history.ts'
import { pinsOf } from './pins.ts'
import { policyInForce } from './in-force.ts'
import type { OpOf, Pin } from './ops.ts'
import type { Policies } from './permissions.ts'
import { ownerOf, refusalOf, type Refusal } from './validity.ts'
import { View } from './view.ts'
import { readers } from './roles.ts'

const viewsKept = 256

export class Membership {
  readonly mesh: MeshId
  readonly history = new History()
  readonly refusals = new Map<EntryId, Refusal>()
  readonly #verify: Verify
  readonly #heads = new Set<EntryId>()
  readonly #views = new Map<string, View>()
  readonly #contentVerdicts = new Map<string, Refusal | null>()
  readonly #owners = new Map<DeviceId, MemberId>()
  #now: View | undefined

  constructor(mesh: MeshId, verify: Verify) {
    this.mesh = mesh
    this.#verify = verify
  }

  has(id: EntryId): boolean {
    return this.history.at(id) !== undefined
  }

  /**
   * The newest membership entries known: what the next entry names as its frontier. Should somebody have made more
   * heads than an entry can name, those that stand come first.
   */
  frontier(): EntryId[] {
    const heads = [...this.#heads].sort()
    if (heads.length <= limits.frontierIds) return heads
    const stands = (id: EntryId): boolean => this.now().reading.stands(this.history.at(id) as number)
    return [...heads.filter(stands), ...heads.filter((id) => !stands(id))].slice(0, limits.frontierIds).sort()
  }

  /**
   * Adds an entry whose parents are all known (check with `has`). One that was not allowed at its frontier is kept
   * in the graph, has no effect, and its refusal is remembered for the audit.
   */
  add(entry: MemberEntry): Refusal | undefined {
    if (this.has(entry.id)) return this.refusals.get(entry.id)
    const past = this.history.pastOf(entry.parents)
    if (!past) throw new Error('a membership entry was added before its parents')
    const view = this.#isWhole(entry.parents) ? this.now() : new View(this.history, past)
    const refusal = refusalOf(entry, { mesh: this.mesh, history: this.history, past, view, verify: this.#verify })
    this.#place(entry, past, refusal)
    return refusal
  }

  /**
   * Whether an entry comes from somebody the history knew when it was written, or is allowed without (the founding,
   * what a root key signed). Strangers' entries are refused before they get a place, or anybody could grow the history.
   */
  isFromSomebody(entry: MemberEntry): boolean {
    const past = this.history.pastOf(entry.parents)
    if (!past) throw new Error('a membership entry was judged before its parents')
    if (ownerOf(entry.device, this.history, past) !== undefined) return true
    return refusalOf(entry, { mesh: this.mesh, history: this.history, past, view: new View(this.history, past), verify: this.#verify }) === undefined
  }

  /** Adds an entry that says nothing this or any version understands: a link of the graph without effect. */
  addVoid(entry: MemberEntry, why: Refusal): void {
    this.restore(entry, why)
  }

  /** Adds an entry that was judged before, in an earlier run of this node: its refusal is known, or that it had none. */
  restore(entry: MemberEntry, refusal: Refusal | undefined): void {
    if (this.has(entry.id)) return
    const past = this.history.pastOf(entry.parents)
    if (!past) throw new Error('a membership entry was restored before its parents')
    this.#place(entry, past, refusal)
  }

  #place(entry: MemberEntry, past: BitSet, refusal: Refusal | undefined): void {
    const knewAll = this.#isWhole(entry.parents)
    const before = knewAll ? this.#now : undefined
    const distanceOf = (device: DeviceId): number => (before ?? new View(this.history, past)).distance(device, (entry.op as OpOf<'promote'>).member)
    if (refusal) this.refusals.set(entry.id, refusal)
    this.history.add(entry, past, refusal === undefined, distanceOf)
    for (const parent of entry.parents) this.#heads.delete(parent)
    this.#heads.add(entry.id)
    // What has no effect is as good as an operation that changes nothing.
    this.#now = this.#now?.extended(upTo(this.history.size), refusal ? 'horizon' : entry.op.type, knewAll)
    this.#owners.clear()
  }

  /** The mesh as of everything known here. */
  now(): View {
    this.#now ??= new View(this.history, upTo(this.history.size))
    return this.#now
  }

  /** The mesh as seen from a frontier; undefined while a part of it is not known here. */
  viewAt(frontier: readonly EntryId[]): View | undefined {
    if (this.#isWhole(frontier)) return this.now()
    const key = frontier.join()
    const known = this.#views.get(key)
    if (known) return known
    const past = this.history.pastOf(frontier)
    if (!past) return undefined
    const view = new View(this.history, past)
    if (this.#views.size >= viewsKept) this.#views.clear()
    this.#views.set(key, view)
    return view
  }

  /**
   * The policies that a frontier knew of, as far as they stand in the light of everything known here: what a removal
   * made void has no effect on content either (rule T4). Good until the next membership entry.
   */
  policiesKnownTo(frontier: readonly EntryId[]): Policies {
    if (this.#isWhole(frontier)) return this.now()
    const { reading } = this.now()
    let past: BitSet | undefined
    return {
      policy: (key) => {
        if (!this.history.policies.has(key)) return undefined
        past ??= this.history.pastOf(frontier)
        return past && policyInForce(this.history, key, past, (at) => reading.stands(at))
      },
    }
  }

  /** Whether an operation stands in the light of everything known here. */
  stands(id: EntryId): boolean {
    const at = this.history.at(id)
    return at !== undefined && this.now().reading.stands(at)
  }

  /** Whether each policy known here stands, by the id of its entry. */
  policyVerdicts(): Map<EntryId, boolean> {
    const { reading } = this.now()
    return new Map([...this.history.policies.values()].flat().map(({ at }) => [(this.history.entries[at] as MemberEntry).id, reading.stands(at)]))
  }

  /** Whether everything before `lower` lies before `upper` too. */
  covers(upper: readonly EntryId[], lower: readonly EntryId[]): boolean {
    if (upper === lower) return true
    const past = this.history.pastOf(upper)
    return past !== undefined && lower.every((id) => past.has(this.history.at(id) ?? -1))
  }

  /**
   * Whether a device may write content at a frontier under an epoch: it was a reader of the mesh there (guests too:
   * what kinds a role may write is the fold's matter) and the epoch was one to write under (rule T6).
   */
  contentRefusal(device: DeviceId, frontier: readonly EntryId[], epoch: EntryId): Refusal | undefined {
    const key = `${device}|${epoch}|${frontier.join()}`
    const known = this.#contentVerdicts.get(key)
    if (known !== undefined) return known ?? undefined
    const view = this.viewAt(frontier)
    if (!view) throw new Error('a content entry was judged before its frontier was known')
    const state = view.device(device)
    const refusal = !state || !readers.has(state.role) ? 'its device was not admitted at the frontier it names' : view.epochs().includes(epoch) ? undefined : 'its epoch was not one to write under at the frontier it names'
    if (this.#contentVerdicts.size >= 10_000) this.#contentVerdicts.clear()
    this.#contentVerdicts.set(key, refusal ?? null)
    return refusal
  }

  /** The member a device belongs to, admitted or not. */
  memberOf(device: DeviceId): MemberId | undefined {
    const known = this.#owners.get(device)
    if (known) return known
    const owner = this.now().device(device)?.member ?? ownerOf(device, this.history, upTo(this.history.size))
    if (owner) this.#owners.set(device, owner)
    return owner
  }

  /**
   * Undefined while the device is an admitted writer; otherwise the pins that bound what stands of this log (rule
   * T4), one list for each cause: content stands where it lies within a pin of every list.
   * @param frontier the one in force at the content that is judged: what it knew of does not bind it, since
   *   `contentRefusal` has found its device admitted in spite of that
   */
  pins(device: DeviceId, log: LogId, frontier: readonly EntryId[] = []): readonly (readonly Pin[])[] | undefined {
    const now = this.now()
    if (now.isWriter(device)) return undefined
    return pinsOf(device, log, now.reading, this.history.pastOf(frontier))
  }

  /** Whether a frontier is all that is known. A set: one id named twice does not stand for another. */
  #isWhole(frontier: readonly EntryId[]): boolean {
    return new Set(frontier).size === this.#heads.size && frontier.every((id) => this.#heads.has(id))
  }
}
