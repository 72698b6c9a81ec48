/** What a session makes of frames that a later version may send. */
import { expect, test } from 'vitest'
import { decode, encode } from '../wire/codec.ts'
import type { DeviceId } from '../wire/ids.ts'
import { firstUnknownFrame, syncFrame, type SyncFrame } from './frames.ts'
import type { SyncHost, SyncReplica } from './ports.ts'
import { SyncSession } from './session.ts'

/** A session over a replica that holds nothing, and what it has sent. */
function session(): { session: SyncSession; sent: SyncFrame[] } {
  const sent: SyncFrame[] = []
  const replica: SyncReplica = { logs: () => [], log: () => undefined, readRun: () => [], readAround: () => [], holds: () => false, receive: async () => ({ log: undefined, end: undefined, waiting: false, problem: undefined, missing: [], fork: false }), heldLonger: () => {}, standing: () => 'admitted' }
  const host: SyncHost = { after: () => ({ [Symbol.dispose]: () => {} }), elapsed: () => 0, jitter: () => 0, sessions: () => 1, claim: () => true, release: () => {}, isDirect: () => false, hears: () => false, onWhisper: () => {}, onBytes: () => {}, onFault: () => {}, onProgress: () => {} }
  const stream = { close: () => {}, send: (bytes: Uint8Array) => { const frame = decode(syncFrame, bytes); if (frame.ok) sent.push(frame.value) } }
  return { session: new SyncSession('ab'.repeat(32) as DeviceId, replica, host, stream), sent }
}

test('C5 T8: frames numbered 11 to 127 are passed over, whatever they hold', () => {
  const { session: open, sent } = session()
  for (let number = firstUnknownFrame; number < 128; number++) for (const rest of [[], [0], [255, 255]]) open.receive(new Uint8Array([number, ...rest]))
  expect(open.isClosed).toBe(false)
  open.receive(encode(syncFrame, { type: 'ping', token: 5 }))
  expect(sent).toEqual([{ type: 'pong', token: 5 }])
})

test('C5: fetch is reserved: it is understood and answered by nothing', () => {
  const { session: open, sent } = session()
  open.receive(encode(syncFrame, { type: 'fetch', ids: [] }))
  expect([open.isClosed, sent]).toEqual([false, []])
})

test.each([[[]], [[0]], [[128, 1]], [[2]], [[1, 1]], [[255]]])('T8: a frame %j that is of no later version ends the session', (bytes) => {
  const { session: open, sent } = session()
  open.receive(new Uint8Array(bytes))
  expect(open.isClosed).toBe(true)
  expect(sent).toEqual([{ type: 'bye', code: 'malformed_frame' }])
})
