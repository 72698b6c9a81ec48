import { expect, test } from 'vitest'
import { createMemoryStore } from '../../node/peer/memory-store.ts'
import { Staging } from '../../node/peer/staging.ts'
import { decode, encode, EncodeError } from '../wire/codec.ts'
import type { DeviceId, EntryId, LogId, MemberId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { checkpointPayload, foldCheckpoint, parseTellings, tellingsPrefix, type CheckpointPayload } from './checkpoints.ts'

const hex = (value: number, length: number): string => value.toString(16).padStart(2 * length, '0')
const id = (value: number): EntryId => hex(value, 32) as EntryId
const origin = (value: number) => ({ entry: id(value), device: hex(1, 32) as DeviceId, member: hex(2, 32) as MemberId, log: hex(3, 16) as LogId, seq: value, clock: { ms: value, counter: 0 } })
const register = (heads: number): CheckpointPayload => ({ type: 'register', key: 'k', heads: Array.from({ length: heads }, (_, i) => id(i)), entry: id(7), value: '1' })

test('T8: a checkpoint covers so many logs and a telling names so many values, and none more', () => {
  const begin = (logs: number): CheckpointPayload => ({ type: 'begin', covers: Array.from({ length: logs }, (_, i) => ({ log: hex(i, 16) as LogId, seq: 1 })) })
  for (const [at, over] of [[begin(limits.logsPerCheckpoint), begin(limits.logsPerCheckpoint + 1)], [register(limits.headsTold), register(limits.headsTold + 1)]] as const) {
    const bytes = encode(checkpointPayload, at)
    expect(bytes.length).toBeLessThan(limits.payloadBytes)
    expect(decode(checkpointPayload, bytes)).toEqual({ ok: true, value: at })
    expect(() => encode(checkpointPayload, over)).toThrow(EncodeError)
  }
})

test('C1 T8: of one register so many tellings are kept, the same whatever came first, and none of a checkpoint that did not begin in its log', () => {
  const kept = (order: readonly number[]): readonly EntryId[] => {
    const store = createMemoryStore()
    const tables = new Staging(store)
    foldCheckpoint(tables, { type: 'begin', covers: [] }, origin(1), 3, [], '')
    for (const value of order) foldCheckpoint(tables, register(1), origin(value), 3, [id(1)], 'state')
    expect(foldCheckpoint(tables, register(1), { ...origin(500), log: hex(4, 16) as LogId }, 5, [id(1)], 'state')).toBeUndefined()
    return parseTellings(tables.get('told', `${tellingsPrefix}state\0k`)!).map(({ by }) => by)
  }
  const order = Array.from({ length: limits.tellingsKept + 1 }, (_, i) => i + 2)
  expect(kept(order)).toHaveLength(limits.tellingsKept)
  expect(kept(order.slice(0, -1))).toHaveLength(limits.tellingsKept)
  expect(kept(order)).toEqual(kept(order.toReversed()))
})
