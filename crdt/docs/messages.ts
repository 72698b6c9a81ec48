/**
 * Messages and receipts as tables. A message's row says who wrote what to whom, and stands in clock order, so that an
 * inbox is read from it and new ones come at its end; another table finds it by id. A row is there for whoever could
 * open the message, its author included. Receipts are cumulative for each log of ours and each device that answers, so
 * a row is a high-water mark.
 */
import type { HybridTime } from '../log/clock.ts'
import { hybridTime } from '../log/clock.ts'
import { decode, encode, struct, uint, type TypeOf } from '../wire/codec.ts'
import { deviceId, entryId, logId, type DeviceId, type EntryId, type LogId, type MemberId } from '../wire/ids.ts'
import { messagePayload, type MessagePayload, type ReceiptPayload } from './change.ts'
import { boundIds } from '../crypto/bound-id.ts'
import { concat } from '../crypto/hash.ts'
import { domains } from '../wire/protocols.ts'
import type { Tables } from './tables.ts'

const originFields = { entry: entryId, device: deviceId, log: logId, seq: uint, clock: hybridTime }
const originRow = struct(originFields)
const messageRow = struct({ ...originFields, message: messagePayload })
export type MessageRow = TypeOf<typeof messageRow>

const utf8 = new TextEncoder()
const fromUtf8 = new TextDecoder()

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
  const time = tables.get('messageTime', id)
  const stored = time && tables.get('message', fromUtf8.decode(time) + id)
  return stored && parseMessage(stored)
}

/** What a row of the table of messages says. */
export function parseMessage(stored: Uint8Array): MessageRow | undefined {
  const row = decode(messageRow, stored)
  return row.ok ? row.value : undefined
}

/** Sorts as time does; the id keeps equal times apart. */
export function messageKey(clock: HybridTime, id: string): string {
  return ordered(clock.ms) + ordered(clock.counter) + id
}

/** Hexadecimal behind its length: as text it sorts as the number does. */
function ordered(number: number): string {
  const digits = number.toString(16)
  return digits.length.toString(16) + digits
}

const idChars = 32
/** The message id within the key of a row. */
export const idOfMessageKey = (key: string): string => key.slice(-idChars)

/** What the messages of one entry have in common: the start of their rows, and of their keys. */
const shared = new WeakMap<Origin, { readonly row: Uint8Array; readonly time: string; readonly timeBytes: Uint8Array }>()

function sharedBy(origin: Origin): { readonly row: Uint8Array; readonly time: string; readonly timeBytes: Uint8Array } {
  let known = shared.get(origin)
  if (!known) {
    const time = messageKey(origin.clock, '')
    shared.set(origin, (known = { row: encode(originRow, origin), time, timeBytes: utf8.encode(time) }))
  }
  return known
}

/**
 * @param payload what `message` was read from
 * @returns true when the message is new and for this reader
 */
export function foldMessage(tables: Tables, message: MessagePayload, payload: Uint8Array, origin: Origin, reader: Reader): boolean {
  if (!messageIds.isOf(message.id, origin.device)) return false
  const known = readMessage(tables, message.id)
  // One id, two messages: the earlier entry in clock order keeps it, whichever came first (rule C1).
  if (known && !(origin.entry !== known.entry && earlier(origin, known))) return false
  if (known) tables.put('message', messageKey(known.clock, message.id), undefined)
  const { row, time, timeBytes } = sharedBy(origin)
  // As `messageRow` would write it: a payload that was read is the only way to write what it says (rule T10).
  tables.put('message', time + message.id, concat(row, payload))
  tables.put('messageTime', message.id, timeBytes)
  return isFor(message, reader)
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
