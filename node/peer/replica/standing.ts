/** Which content stands in the light of removals and policies (rule T4), and whether that has changed since it was folded. */
import type { Entry } from '../../../crdt/log/entry.ts'
import type { Membership } from '../../../crdt/members/membership.ts'
import type { MemberOp, Pin } from '../../../crdt/members/ops.ts'
import type { EntryId, LogId } from '../../../crdt/wire/ids.ts'
import type { LogTable } from './logs.ts'

/** Operations that can change whose content stands. */
const takesOrGives: ReadonlySet<MemberOp['type']> = new Set(['remove', 'removeDevice', 'close', 'admit', 'promote', 'link', 'leave'])

export class Standing {
  readonly #logs: LogTable
  readonly #membership: () => Membership
  readonly #pins = new Map<LogId, { readonly frontier: readonly EntryId[]; readonly pins: readonly (readonly Pin[])[] | undefined }>()
  /** Set when a membership operation may have changed what stands. */
  #mayHaveChanged = false
  #limits = new Map<LogId, number>()
  /** Whether each policy stood when content was last folded by it. */
  #policies = new Map<EntryId, boolean>()

  constructor(logs: LogTable, membership: () => Membership) {
    this.#logs = logs
    this.#membership = membership
  }

  /** Begins anew with the logs and the membership as they are. */
  load(): void {
    this.#pins.clear()
    this.#limits = this.#standingLimits()
    this.#policies = this.#membership().policyVerdicts()
    this.#mayHaveChanged = false
  }

  /** An operation has its place in the membership. */
  placed(op: MemberOp, id: EntryId): void {
    if (takesOrGives.has(op.type)) {
      this.#mayHaveChanged = true
      this.#pins.clear()
    }
    if (op.type === 'policy') this.#policies.set(id, this.#membership().stands(id))
  }

  /** An entry came. A log that its author began unaware of being removed: should that be undone, what stands of it changes. */
  staged(entry: Entry): void {
    const limit = entry.seq === 1 ? this.#standingLimit(entry) : undefined
    if (limit !== undefined) this.#limits.set(entry.log, limit)
  }

  /** Whether a removal or a policy, or its undoing, changed what stands of content that is here, since this was last asked. */
  changed(): boolean {
    if (!this.#mayHaveChanged) return false
    this.#mayHaveChanged = false
    const now = this.#standingLimits()
    const touched = new Set([...now.keys(), ...this.#limits.keys()])
    const matters = [...touched].some((log) => {
      const before = this.#limits.get(log) ?? Infinity
      const after = now.get(log) ?? Infinity
      return before !== after && Math.min(before, after) < (this.#logs.get(log)?.seq ?? 0)
    })
    this.#limits = now
    const policies = this.#membership().policyVerdicts()
    const judgedOtherwise = [...this.#policies].some(([id, stood]) => policies.has(id) && policies.get(id) !== stood)
    this.#policies = policies
    return matters || judgedOtherwise
  }

  /** Whether content lies within the pins of every removal that took its author. @param frontier the one in force at it */
  stands(entry: Pick<Entry, 'log' | 'seq' | 'id' | 'device'>, frontier: readonly EntryId[]): boolean {
    let known = this.#pins.get(entry.log)
    if (known?.frontier !== frontier) this.#pins.set(entry.log, (known = { frontier, pins: this.#membership().pins(entry.device, entry.log, frontier) }))
    return known.pins === undefined || known.pins.every((list) => list.some((pin) => pin.seq > entry.seq || (pin.seq === entry.seq && pin.id === entry.id)))
  }

  /** How much of each log of someone no longer admitted stands, counted as narrowly as any of its entries could be: the seq, by log. */
  #standingLimits(): Map<LogId, number> {
    return new Map([...this.#logs.values()].flatMap((held) => {
      const limit = this.#standingLimit(held)
      return limit === undefined ? [] : [[held.log, limit] as const]
    }))
  }

  #standingLimit({ log, type, device }: Pick<Entry, 'log' | 'type' | 'device'>): number | undefined {
    // What an entry knew of can only free it: with no frontier the narrowest is found.
    const pins = type === 'content' ? this.#membership().pins(device, log) : undefined
    return pins && pins.length > 0 ? Math.min(...pins.map((list) => Math.max(0, ...list.map((pin) => pin.seq)))) : undefined
  }
}
