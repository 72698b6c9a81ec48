/** The little of Protocol Buffers that circuit messages need: varint and length-delimited fields. */

export interface Fields {
  readonly numbers: ReadonlyMap<number, number>
  readonly blocks: ReadonlyMap<number, Uint8Array>
  /** The length-delimited fields as they came, for those that may be repeated. */
  readonly all: readonly (readonly [field: number, bytes: Uint8Array])[]
}

/** The fields of a message, in the maps the last of each number; other wire types are skipped. undefined: not a message. */
export function readFields(bytes: Uint8Array): Fields | undefined {
  const numbers = new Map<number, number>()
  const blocks = new Map<number, Uint8Array>()
  const all: [number, Uint8Array][] = []
  let at = 0
  while (at < bytes.length) {
    const tag = readVarint(bytes, at)
    if (tag === undefined) return undefined
    const field = Math.floor(tag.value / 8)
    const wire = tag.value % 8
    at = tag.next
    if (wire === 1 || wire === 5) {
      at += wire === 1 ? 8 : 4
      continue
    }
    const value = wire === 0 || wire === 2 ? readVarint(bytes, at) : undefined
    if (value === undefined) return undefined
    at = value.next
    if (wire === 0) {
      numbers.set(field, value.value)
      continue
    }
    if (value.value > bytes.length - at) return undefined
    const block = bytes.subarray(at, at + value.value)
    blocks.set(field, block)
    all.push([field, block])
    at += value.value
  }
  return at === bytes.length ? { numbers, blocks, all } : undefined
}

export function numberField(field: number, value: number): number[] {
  return [field * 8, ...varint(value)]
}

export function blockField(field: number, bytes: Iterable<number>): number[] {
  const content = [...bytes]
  return [field * 8 + 2, ...varint(content.length), ...content]
}

function readVarint(bytes: Uint8Array, from: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0
  for (let i = 0; i < 8; i++) {
    const byte = bytes[from + i]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return Number.isSafeInteger(value) ? { value, next: from + i + 1 } : undefined
  }
  return undefined
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return [...bytes, rest]
}
