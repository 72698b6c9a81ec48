import type { SqlValue } from './sqlite-database.ts'

/** Ids are hex in memory and blobs on disk. */
export const toBlob = (hex: string): Uint8Array => Buffer.from(hex, 'hex')

export function fromBlob(value: SqlValue | undefined): string {
  const raw = value as Uint8Array
  return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('hex')
}
