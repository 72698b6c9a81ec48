/**
 * Where a file is cut into chunks: FastCDC with normalized chunking, two bytes a step (Xia et al. 2016, 2020). What lies
 * before a cut does not move the cuts behind it, so an edit changes the chunks that it touches and no others.
 */
import { derive } from '../crypto/hash.ts'
import { limits } from '../wire/limits.ts'
import { domains } from '../wire/protocols.ts'

export const minChunkBytes = 16 * 1024
/** Up to here a cut is made unlikely, from here on likely, so that most chunks end near 64 KiB. */
const normalBytes = 48 * 1024
export const maxChunkBytes = limits.chunkBytes

/**
 * Bits that are zero where a chunk ends. A bit of the hash depends on as many bytes as stand below it, so the highest are
 * used; not the very highest, which the first of two bytes would have lost.
 */
const zeroBits = (count: number): number => ((1 << count) - 1) << (31 - count)
const unlikely = zeroBits(18)
const likely = zeroBits(14)

/** The table of random numbers that the rolling hash adds up. */
export interface Gear {
  readonly one: Int32Array
  /** The same, one bit to the left: for the first of two bytes. */
  readonly two: Int32Array
}

/**
 * Made from the file's key: the lengths of chunks are seen by whoever stores them, and would otherwise tell which
 * well-known file it is.
 */
export function gearOf(fileKey: Uint8Array): Gear {
  const one = new Int32Array(256)
  for (let block = 0; block < 32; block++) {
    const view = new DataView(derive(domains.gear, fileKey, Uint8Array.of(block)).buffer)
    for (let i = 0; i < 8; i++) one[8 * block + i] = view.getInt32(4 * i, true)
  }
  return { one, two: one.map((number) => number << 1) }
}

/**
 * The end of the chunk that begins at `from`.
 * @param bytes must hold maxChunkBytes from there on, unless the file ends in it
 */
export function cutAfter(bytes: Uint8Array, from: number, gear: Gear): number {
  const left = bytes.length - from
  if (left <= minChunkBytes) return bytes.length
  const normal = from + Math.min(left, normalBytes)
  const end = from + Math.min(left, maxChunkBytes)
  const early = roll(bytes, from + minChunkBytes, normal, unlikely, gear)
  return early > 0 ? early : Math.max(roll(bytes, normal, end, likely, gear), 0) || end
}

/** @returns the first place where the hash has those bits zero, or -1; an odd last byte is not looked at */
function roll(bytes: Uint8Array, from: number, to: number, mask: number, { one, two }: Gear): number {
  const end = from + ((to - from) & ~1)
  const first = mask << 1
  let hash = 0
  for (let at = from; at < end; at += 2) {
    hash = ((hash << 2) + (two[bytes[at] as number] as number)) | 0
    if ((hash & first) === 0) return at + 1
    hash = (hash + (one[bytes[at + 1] as number] as number)) | 0
    if ((hash & mask) === 0) return at + 2
  }
  return -1
}
