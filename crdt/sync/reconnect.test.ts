import { expect, test } from 'vitest'
import { encode } from '../wire/codec.ts'
import { deviceId, entryId, logId, toHex, type DeviceId, type EntryId, type LogId } from '../wire/ids.ts'
import type { HeldLog, SyncHost, SyncReplica } from './ports.ts'
import { SyncSession } from './session.ts'

const devices = 1000
const numbered = (n: number, length: number): string => toHex(Uint8Array.from({ length }, (_, i) => (n >> (8 * (i % 3))) & 255))

/** A membership log and one with content of each of a thousand devices. */
function held(seq = 7): HeldLog[] {
  return Array.from({ length: devices * 2 }, (_, n) => ({
    log: numbered(n, 16) as LogId,
    type: n % 2 === 0 ? ('membership' as const) : ('content' as const),
    device: numbered(n >> 1, 32) as DeviceId,
    seq,
    id: numbered(n + seq, 32) as EntryId,
    forked: false,
    refused: undefined,
  }))
}

/** Two sessions with each other, and how many bytes went between them when neither had anything more to say. */
function meet(ours: readonly HeldLog[], theirs: readonly HeldLog[]): { readonly bytes: number; readonly synced: boolean } {
  let bytes = 0
  const queue: (() => void)[] = []
  const replicaOf = (logs: readonly HeldLog[]): SyncReplica => {
    const byId = new Map(logs.map((one) => [one.log, one]))
    return { logs: () => logs, log: (log) => byId.get(log), readRun: () => [], readAround: () => [], holds: () => true, receive: () => Promise.reject(new Error('nothing is new')), heldLonger: () => {}, standing: () => 'admitted' }
  }
  const host: SyncHost = { after: () => ({ [Symbol.dispose]: () => {} }), elapsed: () => 0, jitter: () => 0, sessions: () => 1, claim: () => true, release: () => {}, isDirect: () => false, hears: () => false, onWhisper: () => {}, onBytes: (sent) => void (bytes += sent), onFault: () => {}, onProgress: () => {} }
  const sessions: SyncSession[] = [ours, theirs].map((logs, side) => new SyncSession(numbered(side, 32) as DeviceId, replicaOf(logs), host, { send: (frame) => void queue.push(() => sessions[1 - side]?.receive(frame)), close: () => {} }))
  for (const session of sessions) session.start()
  for (let next = queue.shift(); next; next = queue.shift()) next()
  return { bytes, synced: sessions.every(({ isSynced }) => isSynced) }
}

test('C4: two of a mesh of a thousand devices that hold the same know it after a few bytes', () => {
  const { bytes, synced } = meet(held(), held().reverse())
  expect(synced).toBe(true)
  expect(bytes).toBeLessThanOrEqual(64 * 1024)
  // One digest each way, whatever the number of logs.
  expect(bytes).toBeLessThan(200)
})

test('C4: where one holds another end of a log they do not take themselves for equal', () => {
  const [first, ...rest] = held() as [HeldLog, ...HeldLog[]]
  const { bytes, synced } = meet(held(), [{ ...first, seq: first.seq + 1, id: numbered(9, 32) as EntryId }, ...rest])
  expect(synced).toBe(false)
  // All heads each way, which is what there is to say then.
  const head = encode(logId, first.log).length + encode(deviceId, first.device).length + encode(entryId, first.id).length + 3
  expect(bytes).toBeGreaterThan(2 * 2 * devices * head)
})
