/**
 * A record of a pack: magic, length, id, then the sealed bytes. The id is the hash of the bytes, so a record says itself
 * whether it is whole, and an index can always be made anew from packs.
 */
import { toHex, type BlobId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { sealedBytes } from '../../../crdt/blobs/chunk.ts'

/** "ATB1" */
const magic = 0x41544231
export const headerBytes = 40
export const mostBytes = sealedBytes(limits.chunkBytes)

/** Where the bytes of a chunk lie: `start` is behind the header. */
export interface Place {
  readonly pack: number
  readonly start: number
  readonly length: number
}

export const packName = (pack: number): string => `${String(pack).padStart(8, '0')}.pack`
export const packOfName = (name: string): number | undefined => {
  const number = /^(\d{8})\.pack$/.exec(name)?.[1]
  return number === undefined ? undefined : Number(number)
}

/** @param id the id's 32 bytes */
export function recordHeader(id: Uint8Array, length: number): Uint8Array {
  const header = new Uint8Array(headerBytes)
  const view = new DataView(header.buffer)
  view.setUint32(0, magic)
  view.setUint32(4, length)
  header.set(id, 8)
  return header
}

/** What a header says, or undefined where there is none. */
export function readHeader(bytes: Uint8Array): { readonly id: BlobId; readonly length: number } | undefined {
  if (bytes.length < headerBytes) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const length = view.getUint32(4)
  return view.getUint32(0) === magic && length <= mostBytes ? { id: toHex(bytes.subarray(8, headerBytes)) as BlobId, length } : undefined
}
