/**
 * Messages and receipts as tables. A message's row says who wrote what to whom; an inbox row, in clock order,
 * says that it is for this device's member. Receipts are cumulative for each log of ours and each device that
 * answers, so a row is a high-water mark.
 */
import type { HybridTime } from '../log/clock.ts'
import { hybridTime } from '../log/clock.ts'
import { decode, encode, struct, uint, type TypeOf } from '../wire/codec.ts'
import { deviceId, entryId, logId, type DeviceId, type EntryId, type LogId, type MemberId } from '../wire/ids.ts'
import { messagePayload, type MessagePayload, type ReceiptPayload } from './change.ts'
import { boundIds } from '../crypto/bound-id.ts'
import { domains } from '../wire/protocols.ts'
import type { Tables } from './tables.ts'

const messageRow = struct({ entry: entryId, device: deviceId, log: logId, seq: uint, clock: hybridTime, message: messagePayload })
export type MessageRow = TypeOf<typeof messageRow>

/** Message ids are bound to the sending device: nobody can take another's id for a message of its own. */
export const messageIds = boundIds<string>(domains.messageId)

/** What a fold knows of the entry a change came in. */
export interface Origin {
  readonly entry: EntryId
  readonly device: DeviceId
  readonly member: MemberId
  readonly log: LogId
  readonly seq: number
  readonly clock: HybridTime
}

/** Whom this device reads for. */
export interface Reader {
  readonly device: DeviceId
  readonly member: MemberId | undefined
}

export function readMessage(tables: Pick<Tables, 'get'>, id: string): MessageRow | undefined {
  const stored = tables.get('message', id)
  const row = stored && decode(messageRow, stored)
  return row?.ok ? row.value : undefined
}

/** Sorts as time does; the id keeps equal times apart. */
export function inboxKey(clock: HybridTime, id: string): string {
  return `${clock.ms.toString(16).padStart(14, '0')}${clock.counter.toString(16).padStart(14, '0')}${id}`
}

/** The message id within an inbox key. */
export const idOfInboxKey = (key: string): string => key.slice(28)

/** @returns true when the message is new and for this reader */
export function foldMessage(tables: Tables, message: MessagePayload, origin: Origin, reader: Reader): boolean {
  if (!messageIds.isOf(message.id, origin.device)) return false
  const known = readMessage(tables, message.id)
  // One id, two messages: the earlier entry in clock order keeps it, whichever came first (rule C1).
  if (known && !(origin.entry !== known.entry && earlier(origin, known))) return false
  if (known) tables.put('inbox', inboxKey(known.clock, message.id), undefined)
  const row: MessageRow = { entry: origin.entry, device: origin.device, log: origin.log, seq: origin.seq, clock: origin.clock, message }
  tables.put('message', message.id, encode(messageRow, row))
  if (!isFor(message, reader)) return false
  tables.put('inbox', inboxKey(origin.clock, message.id), new Uint8Array())
  return true
}

function earlier(a: Origin, b: MessageRow): boolean {
  return a.clock.ms - b.clock.ms < 0 || (a.clock.ms === b.clock.ms && (a.clock.counter < b.clock.counter || (a.clock.counter === b.clock.counter && a.entry < b.entry)))
}

/** Whether a message is for anybody on this device: sent to all, to its member, or to a session on it. */
export function isFor(message: MessagePayload, reader: Reader): boolean {
  return message.targets.some((target) => {
    if (target.type === 'all') return true
    if (target.type === 'member') return target.member === reader.member
    return target.device === reader.device
  })
}

const mark = struct({ seq: uint })
const receiptKey = (log: LogId, device: DeviceId, state: string): string => `${log}\0${device}\0${state}`

/** Raises the high-water marks of what a device says has come to it. */
export function foldReceipt(tables: Tables, receipt: ReceiptPayload, device: DeviceId): void {
  for (const { log, seq } of receipt.logs) {
    if (seq > receiptMark(tables, log, device, receipt.state)) tables.put('receipt', receiptKey(log, device, receipt.state), encode(mark, { seq }))
  }
}

/** The seq up to which a device has said this of a log; 0 for none. */
export function receiptMark(tables: Pick<Tables, 'get'>, log: LogId, device: DeviceId, state: string): number {
  const stored = tables.get('receipt', receiptKey(log, device, state))
  const row = stored && decode(mark, stored)
  return row?.ok ? row.value.seq : 0
}
