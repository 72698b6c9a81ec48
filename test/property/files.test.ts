/** The fold of shared files against a model: records and deletions in any order of arrival. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fileIds, foldFile, foldFileDelete, readFile, readGone, type FilePayload } from '../../crdt/docs/files.ts'
import type { Origin } from '../../crdt/docs/messages.ts'
import { toHex, type BlobId, type DeviceId, type EntryId, type LogId, type MemberId } from '../../crdt/wire/ids.ts'
import { createMemoryStore } from '../../node/peer/memory-store.ts'
import { Staging } from '../../node/peer/staging.ts'
import { holds, patience } from './runs.ts'

const hex = (value: number): string => toHex(new Uint8Array(32).fill(value))
const members = [1, 2, 3].map((n) => hex(n) as MemberId)
/** Files of the first two members. */
const ids = [0, 1].map((n) => fileIds.make(members[n]!, new Uint8Array(6).fill(n)))
const payload = (file: number, version: number): FilePayload => ({ id: ids[file]!, name: `version ${version}`, tags: [], root: { id: hex(9) as BlobId, hash: new Uint8Array(32), length: 1, depth: 0 }, key: new Uint8Array(32), expires: undefined })

const act = fc.record({ type: fc.constantFrom('share', 'share', 'delete'), file: fc.nat(1), by: fc.nat(2), steward: fc.boolean(), ms: fc.integer({ min: 1, max: 4 }) })
const plan = fc.record({ acts: fc.array(act, { minLength: 1, maxLength: 10 }), orders: fc.array(fc.array(fc.nat(99), { minLength: 10, maxLength: 10 }), { minLength: 2, maxLength: 4 }) })

test('C1: only its member says what a file is, it or a steward deletes it, and the order of arrival changes nothing', patience, () => {
  holds(fc.property(plan, ({ acts, orders }) => {
    const all = acts.map((one, i) => ({ ...one, i, origin: { entry: hex(100 + i) as EntryId, device: hex(50 + one.by) as DeviceId, member: members[one.by]!, log: hex(1).slice(32) as LogId, seq: 1, clock: { ms: one.ms, counter: 0 } } satisfies Origin }))
    const first = (list: typeof all): (typeof all)[number] | undefined => list.toSorted((a, b) => a.ms - b.ms || a.i - b.i)[0]
    for (const order of orders) {
      const tables = new Staging(createMemoryStore())
      for (const { type, file, steward, i, origin } of all.toSorted((a, b) => order[a.i]! - order[b.i]! || a.i - b.i)) {
        if (type === 'share') foldFile(tables, payload(file, i), origin, false)
        else foldFileDelete(tables, ids[file]!, origin, steward)
      }
      for (const [n, id] of ids.entries()) {
        const gone = first(all.filter((one) => one.type === 'delete' && one.file === n && (one.by === n || one.steward)))
        const shared = first(all.filter((one) => one.type === 'share' && one.file === n && one.by === n))
        expect(readGone(tables, id)?.entry).toBe(gone?.origin.entry)
        expect(readFile(tables, id)?.file.name).toBe(gone || !shared ? undefined : `version ${shared.i}`)
      }
    }
  }), 300)
})
