/**
 * The one strict canonical encoding (rule T10). A codec both writes and reads; what it writes is the only
 * byte string that it reads back, so equal values have equal bytes and equal hashes on every peer.
 *
 * Numbers are unsigned LEB128 in the fewest bytes, text is well-formed UTF-8, lists and byte strings carry
 * their length and a bound, and nothing may follow a value. Every bound is part of the codec, so a hostile
 * length is refused before a byte is allocated.
 */

/** Why bytes were refused. Stable: tests and peers rely on the words. */
export type DecodeProblem = 'truncated' | 'too_long' | 'not_canonical' | 'bad_text' | 'bad_value' | 'trailing_bytes'

/** Thrown inside codecs only; `decode` turns it into a result. */
export class DecodeError extends Error {
  readonly problem: DecodeProblem
  constructor(problem: DecodeProblem, where: string) {
    super(`${problem} (${where})`)
    this.name = 'DecodeError'
    this.problem = problem
  }
}

/** Thrown by `encode` when a value does not fit its codec: a bug or an unchecked input of our own. */
export class EncodeError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'EncodeError'
  }
}

export type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: DecodeProblem; readonly detail: string }

/** A two-way description of a value's bytes. */
export interface Codec<T> {
  write(to: Writer, value: T): void
  read(from: Reader): T
}

/** The type a codec describes. */
export type TypeOf<C> = C extends Codec<infer T> ? T : never

const utf8 = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A growing byte buffer. */
export class Writer {
  #bytes = new Uint8Array(256)
  #at = 0

  get length(): number {
    return this.#at
  }

  u8(value: number): void {
    this.#room(1)
    this.#bytes[this.#at++] = value
  }

  /** @param value an integer from 0 to 2^53 - 1 */
  uint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new EncodeError(`not an unsigned integer: ${value}`)
    this.#room(8)
    let rest = value
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#at++] = rest
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** The next `length` bytes, to be written into before anything else is. */
  next(length: number): Uint8Array {
    this.#room(length)
    const start = this.#at
    this.#at += length
    return this.#bytes.subarray(start, this.#at)
  }

  /** Text in UTF-8, without a length. @returns how many bytes it took */
  utf8(value: string): number {
    this.#room(value.length * 3)
    const start = this.#at
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i)
      if (code >= 0x80) {
        this.#at = start + utf8.encodeInto(value, this.#bytes.subarray(start)).written
        return this.#at - start
      }
      this.#bytes[this.#at++] = code
    }
    return value.length
  }

  clear(): void {
    this.#at = 0
    if (this.#bytes.length > 1 << 20) this.#bytes = new Uint8Array(256)
  }

  /** A copy of what has been written so far. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#at)
  }

  #room(more: number): void {
    const need = this.#at + more
    if (need <= this.#bytes.length) return
    const bigger = new Uint8Array(Math.max(need, this.#bytes.length * 2))
    bigger.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = bigger
  }
}

/** A cursor over received bytes. It never reads past their end and never copies what it can point into. */
export class Reader {
  readonly bytes: Uint8Array
  at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  u8(): number {
    const value = this.bytes[this.at]
    if (value === undefined) throw new DecodeError('truncated', 'byte')
    this.at++
    return value
  }

  uint(): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < 8; i++) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (byte === 0 && i > 0) throw new DecodeError('not_canonical', 'number with leading zeros')
        if (value > Number.MAX_SAFE_INTEGER) throw new DecodeError('bad_value', 'number over 2^53')
        return value
      }
      scale *= 0x80
    }
    throw new DecodeError('bad_value', 'number over 2^53')
  }

  /** A view, not a copy, of the next `length` bytes. */
  raw(length: number): Uint8Array {
    if (length > this.left) throw new DecodeError('truncated', `${length} bytes wanted, ${this.left} left`)
    const view = this.bytes.subarray(this.at, this.at + length)
    this.at += length
    return view
  }

  /** A length or count that may not exceed `max`. */
  bounded(max: number, what: string): number {
    const length = this.uint()
    if (length > max) throw new DecodeError('too_long', `${what}: ${length} over ${max}`)
    return length
  }
}

/** The bytes of a value. Throws EncodeError when the value breaks a bound of its codec. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const to = scratch.length === 0 ? scratch : new Writer()
  try {
    codec.write(to, value)
    return to.finish()
  } finally {
    to.clear()
  }
}

/** Room that encodings share, since a buffer for each costs more than the encoding itself; an encoding within an encoding gets its own. */
const scratch = new Writer()

/** Reads exactly one value from all of `bytes`; anything else is a refusal that says why. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): Decoded<T> {
  try {
    const from = new Reader(bytes)
    const value = codec.read(from)
    if (from.left > 0) return { ok: false, problem: 'trailing_bytes', detail: `${from.left} bytes after the value` }
    return { ok: true, value }
  } catch (error) {
    if (error instanceof DecodeError) return { ok: false, problem: error.problem, detail: error.message }
    throw error
  }
}

/** An unsigned integer up to 2^53 - 1. */
export const uint: Codec<number> = {
  write: (to, value) => to.uint(value),
  read: (from) => from.uint(),
}

/** One byte, 0 or 1. */
export const bool: Codec<boolean> = {
  write: (to, value) => to.u8(value ? 1 : 0),
  read: (from) => {
    const byte = from.u8()
    if (byte > 1) throw new DecodeError('not_canonical', 'boolean')
    return byte === 1
  },
}

/** Exactly `length` bytes, without a length prefix. */
export function fixed(length: number): Codec<Uint8Array> {
  return {
    write: (to, value) => {
      if (value.length !== length) throw new EncodeError(`${value.length} bytes where ${length} belong`)
      to.raw(value)
    },
    read: (from) => from.raw(length),
  }
}

/** At most `max` bytes behind their length. */
export function bytes(max: number): Codec<Uint8Array> {
  return {
    write: (to, value) => {
      if (value.length > max) throw new EncodeError(`${value.length} bytes, at most ${max} allowed`)
      to.uint(value.length)
      to.raw(value)
    },
    read: (from) => from.raw(from.bounded(max, 'bytes')),
  }
}

/** How many bytes text takes in UTF-8. */
export function utf8Length(value: string): number {
  let size = value.length
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code < 0x80) continue
    // Two units of a surrogate pair make four bytes together, so each counts one more than itself.
    size += code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 1 : 2
  }
  return size
}

/** Well-formed text of at most `max` UTF-8 bytes. */
export function text(max: number): Codec<string> {
  return {
    write: (to, value) => {
      if (!value.isWellFormed()) throw new EncodeError('text holds half a surrogate pair')
      const size = utf8Length(value)
      if (size > max) throw new EncodeError(`${size} bytes of text, at most ${max} allowed`)
      to.uint(size)
      to.utf8(value)
    },
    read: (from) => {
      const raw = from.raw(from.bounded(max, 'text'))
      try {
        return strictUtf8.decode(raw)
      } catch {
        throw new DecodeError('bad_text', 'not UTF-8')
      }
    },
  }
}

/** At most `max` items behind their count. */
export function list<T>(item: Codec<T>, max: number): Codec<readonly T[]> {
  return {
    write: (to, values) => {
      if (values.length > max) throw new EncodeError(`${values.length} items, at most ${max} allowed`)
      to.uint(values.length)
      for (const value of values) item.write(to, value)
    },
    read: (from) => {
      const count = from.bounded(max, 'list')
      const values: T[] = []
      for (let i = 0; i < count; i++) values.push(item.read(from))
      return values
    },
  }
}

/** A value or nothing: one byte says which. */
export function optional<T>(item: Codec<T>): Codec<T | undefined> {
  return {
    write: (to, value) => {
      bool.write(to, value !== undefined)
      if (value !== undefined) item.write(to, value)
    },
    read: (from) => {
      if (!bool.read(from)) return undefined
      const value = item.read(from)
      // Of an optional within an optional: nothing has one form only.
      if (value === undefined) throw new DecodeError('not_canonical', 'nothing where something is said to be')
      return value
    },
  }
}

/** Fields one after another, in the order of declaration, without names. */
// oxlint-disable-next-line typescript/no-explicit-any -- fields of every type: the constraint only says that they are codecs
export function struct<F extends Record<string, Codec<any>>>(fields: F): Codec<{ readonly [K in keyof F]: TypeOf<F[K]> }> {
  const entries = Object.entries(fields) as [string, Codec<unknown>][]
  return {
    write: (to, value) => {
      for (const [name, codec] of entries) codec.write(to, (value as Record<string, unknown>)[name])
    },
    read: (from) => {
      const value: Record<string, unknown> = {}
      for (const [name, codec] of entries) value[name] = codec.read(from)
      return value as { readonly [K in keyof F]: TypeOf<F[K]> }
    },
  }
}

// oxlint-disable-next-line typescript/no-explicit-any -- branches of every type: the constraint only says that they are codecs
type Variants = Record<string, readonly [number, Codec<any>]>
/** A discriminated union: `type` picks the branch. */
export type VariantOf<V extends Variants> = { [K in keyof V & string]: { readonly type: K } & TypeOf<V[K][1]> }[keyof V & string]

/** One of several structs behind a number that names the branch. An unknown number is refused. */
export function variant<V extends Variants>(branches: V): Codec<VariantOf<V>> {
  const byTag = new Map(Object.entries(branches).map(([type, [tag, codec]]) => [tag, { type, codec }]))
  return {
    write: (to, value) => {
      const branch = branches[(value as { readonly type: string }).type]
      if (branch === undefined) throw new EncodeError('no such branch')
      to.uint(branch[0])
      branch[1].write(to, value)
    },
    read: (from) => {
      const tag = from.uint()
      const branch = byTag.get(tag)
      if (branch === undefined) throw new DecodeError('bad_value', `no branch ${tag}`)
      const fields = branch.codec.read(from) as object
      return { type: branch.type, ...fields } as VariantOf<V>
    },
  }
}

/** A number that must be one of a closed set of names. */
export function names<const N extends Record<string, number>>(table: N): Codec<keyof N & string> {
  const byNumber = new Map(Object.entries(table).map(([name, number]) => [number, name]))
  return {
    write: (to, value) => to.uint(table[value] as number),
    read: (from) => {
      const number = from.uint()
      const name = byNumber.get(number)
      if (name === undefined) throw new DecodeError('bad_value', `no name for ${number}`)
      return name as keyof N & string
    },
  }
}
