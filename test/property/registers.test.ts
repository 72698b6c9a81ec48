/**
 * The register fold against a model, over random graphs of changes: logs arrive in their order but interleaved in any
 * way, some changes are void, some name what has not come yet or what was set aside.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { foldRegister, readRegister, type RegisterChange } from '../../crdt/docs/registers.ts'
import type { DeviceId, EntryId, LogId } from '../../crdt/wire/ids.ts'
import { createMemoryStore } from '../../node/peer/memory-store.ts'
import { Staging } from '../../node/peer/staging.ts'
import { holds, patience } from './runs.ts'

const hex = (value: number, length: number): string => value.toString(16).padStart(2 * length, '0')
const keys = ['k', 'l'] as const

/** One entry: which log goes on, what it knew of, and what it says. */
const entryPlan = fc.record({
  log: fc.nat(3),
  /** Earlier entries that it names, counted back from itself; with `heads` those it would see when it knew everything. */
  back: fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 3 }),
  heads: fc.boolean(),
  keys: fc.subarray([...keys], { minLength: 1 }),
  deleted: fc.boolean(),
  ms: fc.nat(3),
  counter: fc.nat(1),
  /** Its place in the order of ids, which has nothing to do with time. */
  id: fc.nat(0xffff),
})
const plan = fc.record({
  entries: fc.array(entryPlan, { minLength: 1, maxLength: 16 }),
  /** From which seq on a log is void: what removals leave of it. */
  pins: fc.array(fc.oneof(fc.constant(Infinity), fc.nat(5)), { minLength: 4, maxLength: 4 }),
  orders: fc.array(fc.array(fc.nat(3), { maxLength: 24 }), { minLength: 2, maxLength: 4 }),
})
type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never

/** Each entry's changes, in an order in which they could have been written. */
function history({ entries, pins }: Plan): RegisterChange[][] {
  const made: RegisterChange[][] = []
  for (const [i, { log, back, heads, keys: said, deleted, ms, counter, id }] of entries.entries()) {
    const seq = made.filter(([first]) => first!.log === hex(log + 1, 16)).length + 1
    const entry = `${hex(id, 2)}${hex(i, 30)}` as EntryId
    const named = back.flatMap((n) => made[i - n]?.[0]?.entry ?? [])
    made.push(said.map((key) => ({
      doc: 'state', key, value: deleted ? undefined : `${i}`, entry, log: hex(log + 1, 16) as LogId, seq,
      device: hex(log + 1, 32) as DeviceId, clock: { ms, counter },
      deps: heads ? model(made.flat(), key).map((change) => change.entry) : named,
      stands: seq <= pins[log]!,
    })))
  }
  return made
}

/** What is shown, by the rules and without a thought for speed: standing changes, those they build on, less what any of these replaces. */
function model(changes: readonly RegisterChange[], key: string): RegisterChange[] {
  const here = changes.filter((change) => change.key === key)
  const standing = new Set(here.filter(({ stands }) => stands))
  for (const change of standing) for (const other of here) if (change.deps.includes(other.entry)) standing.add(other)
  const replaced = (change: RegisterChange): boolean => [...standing].some((by) => by.deps.includes(change.entry) || (by.log === change.log && by.seq > change.seq))
  return [...standing].filter((change) => !replaced(change)).sort((a, b) => b.clock.ms - a.clock.ms || b.clock.counter - a.clock.counter || (a.entry < b.entry ? 1 : -1))
}

/** The entries with each log in its order, as the dice interleave them. */
function interleaved(made: readonly RegisterChange[][], dice: readonly number[]): RegisterChange[][] {
  const logs = Map.groupBy(made, ([first]) => first!.log)
  const queues = [...logs.values()].map((entries) => [...entries])
  const order: RegisterChange[][] = []
  for (let turn = 0; queues.some((queue) => queue.length > 0); turn++) {
    const open = queues.filter((queue) => queue.length > 0)
    order.push(open[(dice[turn] ?? turn) % open.length]!.shift()!)
  }
  return order
}

/** What the fold shows, over a store, with a commit every few entries. */
function folded(order: readonly RegisterChange[][], every: number): Record<string, string[]> {
  const store = createMemoryStore()
  const seen = new Set<EntryId>()
  let staging = new Staging(store)
  for (const [i, changes] of order.entries()) {
    for (const change of changes) {
      const { before, after } = foldRegister(staging, change, (id) => seen.has(id))
      expect(readRegister(staging, change.doc, change.key)).toEqual(after)
      expect(change.stands || before.length >= 0).toBe(true)
    }
    seen.add(changes[0]!.entry)
    if (i % every === 0) {
      staging.commit()
      staging = new Staging(store)
    }
  }
  staging.commit()
  // Nothing is remembered as superseded that has come.
  const come = new Set(order.flat().map(({ doc, key, entry }) => `${doc}\0${key}\0${entry}`))
  expect(store.scan('superseded', { limit: 1000 }).filter(([mark]) => come.has(mark))).toEqual([])
  return Object.fromEntries(keys.map((key) => [key, readRegister(store, 'state', key).map(({ entry, deleted, value }) => `${entry} ${deleted ? 'deleted' : value}`)]))
}

test('C1 C2 T4: registers show what the model shows, in whatever order the logs arrive', patience, () => {
  holds(fc.property(plan, (drawn) => {
    const made = history(drawn)
    const expected = Object.fromEntries(keys.map((key) => [key, model(made.flat(), key).map(({ entry, value }) => `${entry} ${value ?? 'deleted'}`)]))
    for (const [i, dice] of [[], ...drawn.orders].entries()) expect(folded(i === 0 ? made : interleaved(made, dice), i + 1)).toEqual(expected)
  }), 400)
})

test('C2: who knew of everything is shown alone', patience, () => {
  holds(fc.property(plan, (drawn) => {
    const made = history({ ...drawn, pins: [Infinity, Infinity, Infinity, Infinity] })
    const all = made.flat()
    const last: RegisterChange = { ...all[0]!, key: 'k', entry: 'ff'.repeat(32) as EntryId, log: hex(99, 16) as LogId, seq: 1, value: 'last', clock: { ms: 0, counter: 0 }, deps: model(all, 'k').map(({ entry }) => entry) }
    expect(folded([...made, [last]], 1)['k']).toEqual([`${last.entry} last`])
  }), 100)
})
