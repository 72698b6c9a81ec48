/** Ids: fixed bytes on the wire, lower-case hex in memory, where they are map keys. Branded so that they do not mix. */
import { DecodeError, EncodeError, type Codec } from './codec.ts'

declare const brand: unique symbol
type Branded<B extends string> = string & { readonly [brand]: B }

/** The hash of an entry, 32 bytes. A founding entry's is also the mesh id; a rotation's also names its epoch. */
export type EntryId = Branded<'entry'>
/** An entry id that is a mesh's founding. */
export type MeshId = Branded<'entry'> & { readonly mesh?: true }
/** An Ed25519 public key of a device, 32 bytes. */
export type DeviceId = Branded<'device'>
/** A member's root public key, 32 bytes. */
export type MemberId = Branded<'member'>
/** A log's random id, 16 bytes. */
export type LogId = Branded<'log'>
/** An X25519 public key, 32 bytes. */
export type SealingKey = Branded<'sealing'>
/** An invite's Ed25519 public key, 32 bytes. */
export type InviteId = Branded<'invite'>
/** The hash of a sealed chunk of a file, 32 bytes. */
export type BlobId = Branded<'blob'>
/** A shared file's id, 16 bytes, bound to the device that shared it. */
export type FileId = Branded<'file'>

const hexDigits = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))
/** As many bytes become text in one call. */
const hexAtOnce = 1024
/** The value of each lower-case hex digit by its character code; 255 for anything else. */
const digitValues = Uint8Array.from({ length: 128 }, (_, code) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(code))
  return digit < 0 ? 255 : digit
})

/**
 * Bytes as lower-case hex. Not put together piece by piece: such a string weighs ten times as much for as long as it is
 * kept, and ids are kept by the hundred thousand.
 */
export function toHex(bytes: Uint8Array): string {
  if (bytes.length > hexAtOnce) return toHex(bytes.subarray(0, hexAtOnce)) + toHex(bytes.subarray(hexAtOnce))
  const codes: number[] = []
  for (const byte of bytes) codes.push(hexDigits[byte >> 4] as number, hexDigits[byte & 15] as number)
  return String.fromCharCode(...codes)
}

/** Lower-case hex as bytes. Throws EncodeError on anything else. */
export function fromHex(hex: string): Uint8Array {
  if (hex.length % 2 !== 0) throw new EncodeError('odd number of hex digits')
  const bytes = new Uint8Array(hex.length / 2)
  hexInto(bytes, hex)
  return bytes
}

/** @param bytes half as many as there are digits */
function hexInto(bytes: Uint8Array, hex: string): void {
  for (let i = 0; i < bytes.length; i++) {
    const high = digitValues[hex.charCodeAt(2 * i)] ?? 255
    const low = digitValues[hex.charCodeAt(2 * i + 1)] ?? 255
    if ((high | low) > 15) throw new EncodeError('not lower-case hex')
    bytes[i] = (high << 4) | low
  }
}

/** An id of `length` bytes, without a length prefix. */
export function id<T extends string>(length: number): Codec<T> {
  return {
    write: (to, value) => {
      if (value.length !== 2 * length) throw new EncodeError(`an id of ${value.length / 2} bytes where ${length} belong`)
      hexInto(to.next(length), value)
    },
    read: (from) => toHex(from.raw(length)) as T,
  }
}

/** Ids in ascending order without repeats: the canonical form of a set. */
export function idSet<T extends string>(length: number, max: number): Codec<readonly T[]> {
  const item = id<T>(length)
  return {
    write: (to, values) => {
      const sorted = [...new Set(values)].sort()
      if (sorted.length > max) throw new EncodeError(`${sorted.length} ids, at most ${max} allowed`)
      to.uint(sorted.length)
      for (const value of sorted) item.write(to, value)
    },
    read: (from) => {
      const count = from.bounded(max, 'ids')
      const values: T[] = []
      for (let i = 0; i < count; i++) {
        const value = item.read(from)
        const last = values.at(-1)
        if (last !== undefined && last >= value) throw new DecodeError('not_canonical', 'ids out of order')
        values.push(value)
      }
      return values
    },
  }
}

export const entryId = id<EntryId>(32)
export const deviceId = id<DeviceId>(32)
export const memberId = id<MemberId>(32)
export const logId = id<LogId>(16)
export const sealingKey = id<SealingKey>(32)
export const inviteId = id<InviteId>(32)
export const blobId = id<BlobId>(32)
export const fileId = id<FileId>(16)
