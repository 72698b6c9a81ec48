/** The fold of document updates against a model: logs arrive in their order but interleaved in any way, and some of each is void. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { documentHeads, foldUpdate, updatePrefix, wholeUpdates, type UpdateChange } from '../../crdt/docs/updates.ts'
import type { EntryId, LogId } from '../../crdt/wire/ids.ts'
import { createMemoryStore } from '../../node/peer/memory-store.ts'
import { Staging } from '../../node/peer/staging.ts'
import { holds, patience } from './runs.ts'

const hex = (value: number, length: number): string => value.toString(16).padStart(2 * length, '0')
const doc = 'd'.repeat(32)

const plan = fc.record({
  entries: fc.array(fc.record({ log: fc.nat(3), back: fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 3 }), heads: fc.boolean(), of: fc.constantFrom(1, 1, 2, 3) }), { minLength: 1, maxLength: 14 }),
  pins: fc.array(fc.oneof(fc.constant(Infinity), fc.nat(5)), { minLength: 4, maxLength: 4 }),
  orders: fc.array(fc.array(fc.nat(3), { maxLength: 30 }), { minLength: 2, maxLength: 4 }),
})
type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never

/** Updates, some in parts, in an order in which they could have been written. */
function history({ entries, pins }: Plan): UpdateChange[] {
  const made: UpdateChange[] = []
  for (const [i, { log, back, heads, of }] of entries.entries()) {
    const name = hex(log + 1, 16) as LogId
    const named = back.flatMap((n) => made[made.length - n]?.entry ?? [])
    for (let part = 0; part < of; part++) {
      const seq = made.filter((change) => change.log === name).length + 1
      const deps = part > 0 ? [made.at(-1)!.entry] : heads ? standingHeads(made) : named
      made.push({ doc, entry: `${hex((i * 7919 + part) % 65_521, 2)}${hex(i * 8 + part, 30)}` as EntryId, log: name, seq, deps, payload: { part, of, bytes: Uint8Array.of(i, part) }, stands: seq <= pins[log]! })
    }
  }
  return made
}

function standing(changes: readonly UpdateChange[]): Set<UpdateChange> {
  const found = new Set(changes.filter(({ stands }) => stands))
  for (const change of found) for (const other of changes) if (change.deps.includes(other.entry)) found.add(other)
  return found
}

function standingHeads(changes: readonly UpdateChange[]): EntryId[] {
  const all = [...standing(changes)]
  return all.filter((change) => !all.some((by) => by.deps.includes(change.entry) || (by.log === change.log && by.seq > change.seq))).map(({ entry }) => entry).sort()
}

/** What the model holds of whole updates: those all parts of which stand. */
function whole(changes: readonly UpdateChange[]): string[] {
  const all = [...standing(changes)]
  const starts = all.filter(({ payload }) => payload.part === 0)
  return starts.flatMap((start) => {
    const parts = Array.from({ length: start.payload.of }, (_, part) => all.find((change) => change.log === start.log && change.seq === start.seq + part && change.payload.part === part))
    return parts.every((part) => part) ? [parts.flatMap((part) => [...part!.payload.bytes]).join()] : []
  }).sort()
}

function interleaved(made: readonly UpdateChange[], dice: readonly number[]): UpdateChange[] {
  const queues = [...Map.groupBy(made, ({ log }) => log).values()].map((changes) => [...changes])
  const order: UpdateChange[] = []
  for (let turn = 0; queues.some((queue) => queue.length > 0); turn++) {
    const open = queues.filter((queue) => queue.length > 0)
    order.push(open[(dice[turn] ?? turn) % open.length]!.shift()!)
  }
  return order
}

test('C1 T4: the updates that stand, and the heads to build on, are the model’s in whatever order the logs arrive', patience, () => {
  holds(fc.property(plan, (drawn) => {
    const made = history(drawn)
    for (const [i, dice] of drawn.orders.entries()) {
      const store = createMemoryStore()
      const seen = new Set<EntryId>()
      let staging = new Staging(store)
      for (const [at, change] of interleaved(made, dice).entries()) {
        foldUpdate(staging, change, (id) => seen.has(id))
        seen.add(change.entry)
        if (at % (i + 1) === 0) {
          staging.commit()
          staging = new Staging(store)
        }
      }
      staging.commit()
      expect(wholeUpdates(store.scan('update', { prefix: updatePrefix(doc), limit: 1000 })).map(({ bytes }) => bytes.join()).sort()).toEqual(whole(made))
      expect(documentHeads(store, doc).map(({ entry }) => entry).sort()).toEqual(standingHeads(made))
    }
  }), 200)
})
