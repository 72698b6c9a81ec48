/** Frames of `/atoll/blobs/1` after the handshake: one side asks, the other answers, and what is asked for is the credit. */
import { bytes, encode, list, struct, variant, Writer, type TypeOf } from '../wire/codec.ts'
import { concat } from '../crypto/hash.ts'
import { blobId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { sealedBytes } from './chunk.ts'

const ids = list(blobId, limits.blobIdsPerFrame)

export const blobRequest = variant({
  /** Which of these do you hold? Answered by `holds`. */
  has: [1, struct({ ids })],
  /** Please send these. Each is answered, in this order, by `chunk` or `missing`. */
  want: [2, struct({ ids })],
})
export type BlobRequest = TypeOf<typeof blobRequest>

export const blobAnswer = variant({
  /** One bit for each id that the oldest open `has` asked about, the lowest bit of the first byte first. */
  holds: [1, struct({ bits: bytes(limits.blobIdsPerFrame / 8) })],
  /** Sealed bytes. They name themselves: their hash is the id that is due. */
  chunk: [2, struct({ bytes: bytes(sealedBytes(limits.chunkBytes)) })],
  /** The one that is due is not here. */
  missing: [3, struct({})],
})

/** The bits of an answer to `has`. */
export function holdsFrame(held: readonly boolean[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil(held.length / 8))
  held.forEach((one, i) => one && (bits[i >> 3] = (bits[i >> 3] as number) | (1 << (i & 7))))
  return encode(blobAnswer, { type: 'holds', bits })
}

/** What an answer to `has` says of the id at a place. */
export const holdsAt = (bits: Uint8Array, at: number): boolean => ((bits[at >> 3] ?? 0) & (1 << (at & 7))) !== 0

/** So many bytes stand in front of a chunk in its frame, at most. */
export const chunkFrameStart = 4

/** An answer with a chunk, as `blobAnswer` writes it. Written around the bytes where they have room in front of them: copying costs more than sending. */
export function chunkFrame(sealed: Uint8Array): Uint8Array {
  const start = new Writer()
  start.uint(2)
  start.uint(sealed.length)
  if (sealed.byteOffset !== chunkFrameStart) return concat(start.finish(), sealed)
  const frame = new Uint8Array(sealed.buffer, sealed.byteOffset - start.length, start.length + sealed.length)
  frame.set(start.finish())
  return frame
}
