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
 */
export function loadMembership(store: MeshStore, membership: Membership, judgeAnew: boolean): void {
  for (let after = 0, rows = store.replay('membership', after, page); rows.length > 0; rows = store.replay('membership', after, page)) {
    for (const row of rows) {
      after = row.position
      const read = readEntry(row.bytes)
      if (!read.ok) throw new Error(`a stored membership entry does not decode: ${read.detail}`)
      const refusal = store.get('meta', `void\0${read.entry.id}`)
      const op = read.entry.op && decodeOp(read.entry.op)
      const entry = memberEntry(read.entry, op?.ok ? op.value : undefined)
      if (judgeAnew && op?.ok) membership.add(entry)
      else membership.restore(entry, refusal && fromUtf8.decode(refusal))
    }
  }
}

/** Parents of a membership entry: what it names, and its predecessor. */
export function parentsOf(entry: Entry): readonly EntryId[] {
  return [...new Set([...(entry.frontier ?? []), ...(entry.seq > 1 && entry.previous ? [entry.previous] : [])])]
}

/** An entry as the fold sees it; one without an op that is understood is a link of the graph that says nothing. */
export function memberEntry(entry: Entry, op: MemberOp | undefined): MemberEntry {
  return { id: entry.id, log: entry.log, seq: entry.seq, device: entry.device, parents: parentsOf(entry), op: op ?? { type: 'leave', grant: entry.id }, ms: entry.clock.ms }
}
