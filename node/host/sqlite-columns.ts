/** Columns as they come back. The schema says what is in them; on a damaged page it may be anything. */
import { StoreError } from '../ports/store.ts'
import type { SqlValue } from './sqlite-database.ts'

export function asBytes(value: SqlValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new StoreError('corrupt', `${typeof value} where bytes belong`)
}

export function asNumber(value: SqlValue | undefined): number {
  if (typeof value === 'number') return value
  throw new StoreError('corrupt', `${typeof value} where a number belongs`)
}

/** Text that was read as a blob: Node 22 cuts a text at its first \0. */
export function asText(value: SqlValue | undefined): string {
  return viewOf(value).toString('utf8')
}

/** Ids are hex in memory and blobs on disk. */
export function asHex(value: SqlValue | undefined): string {
  return viewOf(value).toString('hex')
}

export const toBlob = (hex: string): Uint8Array => Buffer.from(hex, 'hex')

function viewOf(value: SqlValue | undefined): Buffer {
  const bytes = asBytes(value)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
