/** Splits a byte stream into frames, each behind its length as an unsigned varint. */

export type FrameProblem = 'frame_too_long' | 'bad_length'

/**
 * Room for a partly received frame is at most so many times what has arrived of it: a length that was only
 * announced costs nothing, and a real frame is copied once.
 */
const roomPerByte = 8

export class FrameDecoder {
  #maxBytes: number
  readonly #frame: (frame: Uint8Array) => void
  #length = 0
  #lengthDigits = 0
  /** Whether the length is known and the frame itself is being read. */
  #inFrame = false
  #room = new Uint8Array(0)
  #have = 0
  #problem: FrameProblem | undefined

  /** @param frame gets each frame; its bytes may point into a received chunk and are the receiver's to keep */
  constructor(maxBytes: number, frame: (frame: Uint8Array) => void) {
    this.#maxBytes = maxBytes
    this.#frame = frame
  }

  /** Holds for frames whose length has not been read yet. */
  limit(maxBytes: number): void {
    this.#maxBytes = maxBytes
  }

  /** Takes the next chunk. After a problem nothing more is read: the stream is lost. */
  push(chunk: Uint8Array): FrameProblem | undefined {
    let at = 0
    while (at < chunk.length && this.#problem === undefined) {
      if (!this.#inFrame) {
        at = this.#readLength(chunk, at)
        // An empty frame has no byte to wait for.
        if (this.#inFrame && this.#length === 0) this.#finish(new Uint8Array(0))
        continue
      }
      const missing = this.#length - this.#have
      const take = Math.min(missing, chunk.length - at)
      if (take === this.#length) this.#finish(chunk.subarray(at, at + take))
      else this.#gather(chunk, at, take)
      at += take
    }
    return this.#problem
  }

  #readLength(chunk: Uint8Array, from: number): number {
    let at = from
    while (at < chunk.length) {
      const byte = chunk[at++] as number
      this.#length += (byte & 0x7f) * 2 ** (7 * this.#lengthDigits)
      this.#lengthDigits++
      if (this.#length > this.#maxBytes) this.#problem = 'frame_too_long'
      else if (byte >= 0x80 ? this.#lengthDigits === 4 : byte === 0 && this.#lengthDigits > 1) this.#problem = 'bad_length'
      else if (byte < 0x80) this.#inFrame = true
      if (this.#inFrame || this.#problem !== undefined) return at
    }
    return at
  }

  #gather(chunk: Uint8Array, at: number, take: number): void {
    const need = this.#have + take
    if (need > this.#room.length) {
      // Not cleared first: all of it is written before anybody reads it.
      const larger = new Uint8Array(Buffer.allocUnsafeSlow(Math.min(this.#length, roomPerByte * need)).buffer)
      larger.set(this.#room.subarray(0, this.#have))
      this.#room = larger
    }
    this.#room.set(chunk.subarray(at, at + take), this.#have)
    this.#have = need
    if (this.#have === this.#length) this.#finish(this.#room.subarray(0, this.#length))
  }

  #finish(frame: Uint8Array): void {
    this.#inFrame = false
    this.#length = 0
    this.#lengthDigits = 0
    this.#room = new Uint8Array(0)
    this.#have = 0
    this.#frame(frame)
  }
}

/** How many bytes the varint of a length takes. */
export function lengthBytes(length: number): number {
  return length < 0x80 ? 1 : length < 0x4000 ? 2 : 3
}

/** Writes the varint of a length below 2^21 and returns where it ends. */
export function writeLength(to: Uint8Array, at: number, length: number): number {
  let rest = length
  let next = at
  while (rest >= 0x80) {
    to[next++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  to[next++] = rest
  return next
}
