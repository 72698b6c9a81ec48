/**
 * The messages of circuit relay v2 that a relay reads and writes, in Protocol Buffers: HopMessage (a client asks
 * us) and StopMessage (we ask the destination). The relay's side is small enough to be written out, and a
 * reader that knows exactly these fields and their sizes is easier to trust with strangers' bytes.
 * https://github.com/libp2p/specs/blob/master/relay/circuit-v2.md
 */
export const hopProtocol = '/libp2p/circuit/relay/0.2.0/hop'
export const stopProtocol = '/libp2p/circuit/relay/0.2.0/stop'

/** No message we read is longer: a peer id and a few addresses. */
export const hopMessageBytes = 4096
const peerIdBytes = 128

export const hopStatus = {
  ok: 100,
  reservationRefused: 200,
  resourceLimitExceeded: 201,
  permissionDenied: 202,
  connectionFailed: 203,
  noReservation: 204,
  malformedMessage: 400,
  unexpectedMessage: 401,
} as const
export type HopStatus = (typeof hopStatus)[keyof typeof hopStatus]

/** What a client may ask; `connect` carries the destination's peer id in bytes. */
export type HopRequest = { readonly type: 'reserve' } | { readonly type: 'connect'; readonly peer: Uint8Array } | { readonly type: 'other' }

/** undefined: not a HopMessage, or one without what it must hold. */
export function readHopRequest(bytes: Uint8Array): HopRequest | undefined {
  const fields = readFields(bytes)
  const type = fields?.numbers.get(1)
  if (fields === undefined || type === undefined) return undefined
  if (type === 0) return { type: 'reserve' }
  if (type !== 1) return { type: 'other' }
  const peer = fields.blocks.get(2)
  const id = peer === undefined ? undefined : readFields(peer)?.blocks.get(1)
  if (id === undefined || id.length === 0 || id.length > peerIdBytes) return undefined
  return { type: 'connect', peer: id }
}

/** The status that a destination answered with; undefined if it answered with anything else. */
export function readStopStatus(bytes: Uint8Array): number | undefined {
  const fields = readFields(bytes)
  return fields?.numbers.get(1) === 1 ? fields.numbers.get(4) : undefined
}

/** A status. No limit is named: a circuit lasts as long as its ends do. */
export function hopAnswer(status: HopStatus): Uint8Array {
  return Uint8Array.from([...number(1, 2), ...number(5, status)])
}

/**
 * A granted reservation. It carries no voucher: that is for relays that check one before they connect, and no
 * known one does.
 * @param expiresAt milliseconds since 1970 @param addresses multiaddrs in bytes, ending in our peer id
 */
export function hopReserved(expiresAt: number, addresses: readonly Uint8Array[]): Uint8Array {
  const reservation = [...number(1, Math.floor(expiresAt / 1000)), ...addresses.flatMap((address) => block(2, address))]
  return Uint8Array.from([...number(1, 2), ...block(3, Uint8Array.from(reservation)), ...number(5, hopStatus.ok)])
}

/** Asks the destination to take a circuit from `source`, a peer id in bytes. */
export function stopConnect(source: Uint8Array): Uint8Array {
  return Uint8Array.from([...number(1, 0), ...block(2, Uint8Array.from(block(1, source)))])
}

interface Fields {
  readonly numbers: ReadonlyMap<number, number>
  readonly blocks: ReadonlyMap<number, Uint8Array>
}

/** The varint and length-delimited fields of a message, the last of each number; others are skipped. */
function readFields(bytes: Uint8Array): Fields | undefined {
  const numbers = new Map<number, number>()
  const blocks = new Map<number, Uint8Array>()
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
    if (wire !== 0 && wire !== 2) return undefined
    const value = readVarint(bytes, at)
    if (value === undefined) return undefined
    at = value.next
    if (wire === 0) {
      numbers.set(field, value.value)
      continue
    }
    if (value.value > bytes.length - at) return undefined
    blocks.set(field, bytes.subarray(at, at + value.value))
    at += value.value
  }
  return at === bytes.length ? { numbers, blocks } : undefined
}

function readVarint(bytes: Uint8Array, from: number): { value: number; next: number } | undefined {
  let value = 0
  for (let i = 0; i < 8; i++) {
    const byte = bytes[from + i]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return Number.isSafeInteger(value) ? { value, next: from + i + 1 } : undefined
  }
  return undefined
}

function number(field: number, value: number): number[] {
  return [field * 8, ...varint(value)]
}

function block(field: number, bytes: Uint8Array): number[] {
  return [field * 8 + 2, ...varint(bytes.length), ...bytes]
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return [...bytes, rest]
}
