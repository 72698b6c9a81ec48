/**
 * Keys that did not fit (rule T6): what devices say of rotations and shares that handed them another key than was
 * committed to. It is their word: nobody can show what was wrapped without giving away the key it was wrapped with.
 */
import { hybridTime } from '../log/clock.ts'
import { decode, encode, struct, type TypeOf } from '../wire/codec.ts'
import { deviceId, entryId, type DeviceId, type EntryId } from '../wire/ids.ts'
import type { Origin } from './messages.ts'
import type { Tables } from './tables.ts'

/** The rotation or share that it is about. */
export const wrongKeyPayload = struct({ by: entryId })

const row = struct({ entry: entryId, device: deviceId, clock: hybridTime })
export interface WrongKey extends TypeOf<typeof row> {
  readonly by: EntryId
}

const keyOf = (by: EntryId, device: DeviceId): string => `${by}\0${device}`

/** Whether a device said so of a rotation or share. */
export const saidWrong = (tables: Pick<Tables, 'get'>, by: EntryId, device: DeviceId): boolean => tables.get('wrongKey', keyOf(by, device)) !== undefined

export function parseWrongKey(key: string, stored: Uint8Array): WrongKey {
  const read = decode(row, stored)
  if (!read.ok) throw new Error(`a wrong key's row does not decode: ${read.detail}`)
  return { by: key.slice(0, key.indexOf('\0')) as EntryId, ...read.value }
}

/** Of what a device says more than once the entry of the lower id counts, whichever came first (rule C1). @returns whether it is news */
export function foldWrongKey(tables: Tables, by: EntryId, { entry, device, clock }: Origin): boolean {
  const stored = tables.get('wrongKey', keyOf(by, device))
  if (stored && parseWrongKey(keyOf(by, device), stored).entry <= entry) return false
  tables.put('wrongKey', keyOf(by, device), encode(row, { entry, device, clock }))
  return stored === undefined
}
