/**
 * The messages of circuit relay v2 as a client reads and writes them: HopMessage (we ask a relay) and
 * StopMessage (a relay brings us a caller). https://github.com/libp2p/specs/blob/master/relay/circuit-v2.md
 */
import { blockField, numberField, readFields } from './proto-fields.ts'

export const hopProtocol = '/libp2p/circuit/relay/0.2.0/hop'
export const stopProtocol = '/libp2p/circuit/relay/0.2.0/stop'
/** No message is longer: a peer id, a reservation, a few addresses. */
export const circuitMessageBytes = 4096
export const statusOk = 100

/** What the statuses of the specification mean to a person. */
const statusTexts: ReadonlyMap<number, string> = new Map([
  [200, 'the relay takes no more reservations'],
  [201, 'the relay is at its limit'],
  [202, 'the relay does not permit it'],
  [203, 'the relay could not reach it'],
  [204, 'the relay has no reservation for it: it is not connected there now'],
  [400, 'the relay did not understand'],
  [401, 'the relay did not understand'],
])

/** A relay said no. `status` is a number of the specification. */
export class CircuitRefusedError extends Error {
  readonly status: number
  constructor(status: number) {
    super(statusTexts.get(status) ?? `the relay refused (${status})`)
    this.name = 'CircuitRefusedError'
    this.status = status
  }
}

export function hopReserve(): Uint8Array {
  return Uint8Array.from(numberField(1, 0))
}

/** @param peer the destination's peer id in bytes */
export function hopConnect(peer: Uint8Array): Uint8Array {
  return Uint8Array.from([...numberField(1, 1), ...blockField(2, blockField(1, peer))])
}

/** A relay's answer. */
export interface HopAnswer {
  readonly status: number
  /** When a granted reservation ends, seconds since 1970. */
  readonly expire: number | undefined
  /** Where the relay says that it is, as multiaddrs in bytes. */
  readonly addresses: readonly Uint8Array[]
}

/** undefined: malformed. */
export function readHopAnswer(bytes: Uint8Array): HopAnswer | undefined {
  const fields = readFields(bytes)
  const status = fields?.numbers.get(5)
  if (fields === undefined || fields.numbers.get(1) !== 2 || status === undefined) return undefined
  const block = fields.blocks.get(3)
  const reservation = block === undefined ? undefined : readFields(block)
  const addresses = reservation?.all.filter(([field]) => field === 2).map(([, address]) => address) ?? []
  return { status, expire: reservation?.numbers.get(1), addresses }
}

/** The caller's peer id in bytes, from a relay's request; undefined: it asks for something else. */
export function readStopConnect(bytes: Uint8Array): Uint8Array | undefined {
  const fields = readFields(bytes)
  const peer = fields?.blocks.get(2)
  if (fields?.numbers.get(1) !== 0 || peer === undefined) return undefined
  return readFields(peer)?.blocks.get(1)
}

export function stopAnswer(status: number): Uint8Array {
  return Uint8Array.from([...numberField(1, 1), ...numberField(4, status)])
}
