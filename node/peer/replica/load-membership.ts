/** Membership entries between the store and the fold. */
import { readEntry, type Entry } from '../../../crdt/log/entry.ts'
import type { MemberEntry } from '../../../crdt/members/history.ts'
import type { Membership } from '../../../crdt/members/membership.ts'
import { decodeOp, type MemberOp } from '../../../crdt/members/ops.ts'
import type { EntryId } from '../../../crdt/wire/ids.ts'
import type { MeshStore } from '../../ports/store.ts'

const fromUtf8 = new TextDecoder()
const page = 1000

/**
 * Reads the membership back in the order in which it came.
 * @param judgeAnew after an upgrade: what an older version refused or did not understand is judged by this one (rule C5)
 * @param adopted entries of branches that have a place in it, in their order: each is put back when one builds on it
 */
export function loadMembership(store: MeshStore, membership: Membership, judgeAnew: boolean, adopted: readonly Entry[]): void {
  const waiting = adopted.values()
  const restore = (read: Entry): void => {
    const refusal = store.get('meta', `void\0${read.id}`)
    const op = read.op && decodeOp(read.op)
    const entry = memberEntry(read, op?.ok ? op.value : undefined)
    if (judgeAnew && op?.ok) membership.add(entry)
    else membership.restore(entry, refusal && fromUtf8.decode(refusal))
  }
  // What an adopted entry builds on was there before it, and so before whatever builds on that entry.
  const haveAll = (parents: readonly EntryId[]): void => {
    while (!parents.every((id) => membership.has(id))) {
      const next = waiting.next()
      if (next.done) return
      restore(next.value)
    }
  }
  for (let after = 0, rows = store.replay('membership', after, page); rows.length > 0; rows = store.replay('membership', after, page)) {
    for (const row of rows) {
      after = row.position
      const read = readEntry(row.bytes)
      if (!read.ok) throw new Error(`a stored membership entry does not decode: ${read.detail}`)
      haveAll(parentsOf(read.entry))
      restore(read.entry)
    }
  }
  for (const entry of waiting) restore(entry)
}

/** Parents of a membership entry: what it names, and its predecessor. */
export function parentsOf(entry: Entry): readonly EntryId[] {
  return [...new Set([...(entry.frontier ?? []), ...(entry.seq > 1 && entry.previous ? [entry.previous] : [])])]
}

/** An entry as the fold sees it; one without an op that is understood is a link of the graph that says nothing. */
export function memberEntry(entry: Entry, op: MemberOp | undefined): MemberEntry {
  return { id: entry.id, log: entry.log, seq: entry.seq, device: entry.device, parents: parentsOf(entry), op: op ?? { type: 'leave', grant: entry.id }, ms: entry.clock.ms }
}
