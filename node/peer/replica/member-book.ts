/**
 * The membership as one replica holds it: entries from logs, and those of branches that others build on (rule T7).
 * Like all of the ledger it is staged, and loaded anew after a failed commit.
 */
import type { Verify } from '../../../crdt/crypto/sign.ts'
import type { Entry } from '../../../crdt/log/entry.ts'
import type { MemberEntry } from '../../../crdt/members/history.ts'
import { Membership } from '../../../crdt/members/membership.ts'
import { decodeOp, type MemberOp } from '../../../crdt/members/ops.ts'
import { fromHex, toHex, type EntryId, type MeshId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { MeshStore } from '../../ports/store.ts'
import type { Staging } from '../staging.ts'
import { Branches } from './branches.ts'
import type { FoldEvents } from './folder.ts'
import { loadMembership, memberEntry, parentsOf } from './load-membership.ts'
import { allRows } from './rows.ts'

const utf8 = new TextEncoder()
/** How many branches may build on one another before their device is left to those who remove it. */
const adoptionDepth = 64
/** Rows that name the adopted entries of branches, in the order in which they were. */
const adoptedRow = (number: string): string => `adopted\0${number}`

/** What became of an entry: 'missing' while something it builds on is unknown, refused for good with why. */
export type Placed = 'placed' | 'missing' | { readonly refused: string }

export interface MemberBookNeeds {
  readonly mesh: MeshId
  readonly verify: Verify
  /** An operation stands, as far as it can be judged alone. */
  readonly onOperation: (op: MemberOp, id: EntryId, staging: Staging, events: FoldEvents) => void
}

export class MemberBook {
  readonly #needs: MemberBookNeeds
  membership: Membership
  readonly branches = new Branches()
  /** How many entries of branches have their place in the membership. */
  #adopted = 0

  constructor(needs: MemberBookNeeds) {
    this.#needs = needs
    this.membership = new Membership(needs.mesh, needs.verify)
  }

  /** @param judgeAnew after an upgrade: what an older version refused or did not understand is judged by this one (rule C5) */
  load(store: MeshStore, judgeAnew: boolean): void {
    this.membership = new Membership(this.#needs.mesh, this.#needs.verify)
    this.branches.load(store)
    const adopted = [...allRows(store, 'meta', adoptedRow(''))].flatMap(([, id]) => {
      const entry = toHex(id) as EntryId
      return this.branches.with(entry)?.find((one) => one.id === entry) ?? []
    })
    this.#adopted = adopted.length
    loadMembership(store, this.membership, judgeAnew, adopted)
  }

  /** Places an entry whose chain is verified, unless a parent is missing or its device was never anybody's. */
  place(entry: Entry, staging: Staging, events: FoldEvents, stage: (parents: readonly EntryId[]) => void): Placed {
    const parents = parentsOf(entry)
    if (!this.haveAll(parents, staging, events)) return 'missing'
    return this.#judge(entry, staging, events, () => stage(parents)) ? 'placed' : { refused: 'its device was introduced by nobody' }
  }

  /** Whether entries have their place here; those of branches get it now, for somebody builds on them. */
  haveAll(ids: readonly EntryId[], staging: Staging, events: FoldEvents): boolean {
    return ids.every((id) => this.membership.has(id) || this.#adopt(id, staging, events, 0))
  }

  /** Which of these, and of what they build on by way of branches, are not here. */
  missing(ids: readonly EntryId[]): readonly EntryId[] {
    const wanted = new Set(ids)
    const missing: EntryId[] = []
    for (const id of wanted) {
      if (this.membership.has(id)) continue
      const branch = this.branches.with(id)
      if (!branch) missing.push(id)
      for (const one of branch ?? []) for (const parent of parentsOf(one)) if (wanted.size < limits.wantsPerFrame) wanted.add(parent)
    }
    return missing
  }

  #adopt(id: EntryId, staging: Staging, events: FoldEvents, depth: number): boolean {
    const branch = this.branches.with(id)
    if (branch?.[0]?.type !== 'membership' || depth > adoptionDepth) return false
    const haveAll = (parents: readonly EntryId[]): boolean => parents.every((parent) => this.membership.has(parent) || this.#adopt(parent, staging, events, depth + 1))
    for (const entry of branch) {
      if (!this.membership.has(entry.id)) {
        const note = (): void => staging.put('meta', adoptedRow(String(this.#adopted++).padStart(12, '0')), fromHex(entry.id))
        if (!haveAll(parentsOf(entry)) || !this.#judge(entry, staging, events, note)) return false
      }
      if (entry.id === id) return true
    }
    return false
  }

  /** @returns false when it gets no place: its device was never anybody's */
  #judge(entry: Entry, staging: Staging, events: FoldEvents, stage: () => void): boolean {
    const op = entry.op && decodeOp(entry.op)
    const asEntry: MemberEntry = memberEntry(entry, op?.ok ? op.value : undefined)
    if (!this.membership.isFromSomebody(asEntry)) return false
    stage()
    if (!op?.ok) {
      // It stays a link of its log; as an operation it does not exist, for this version or for any other.
      staging.put('meta', `void\0${entry.id}`, utf8.encode(op?.detail ?? 'no op'))
      this.membership.addVoid(asEntry, `not an operation: ${op?.detail ?? 'none'}`)
      return true
    }
    const refusal = this.membership.add(asEntry)
    if (refusal) staging.put('meta', `void\0${entry.id}`, utf8.encode(refusal))
    else this.#needs.onOperation(op.value, entry.id, staging, events)
    return true
  }
}
