import { createEncoder, toUint8Array, writeUint8, writeVarInt, writeVarUint, writeVarUint8Array } from 'lib0/encoding'

/** An update of version 2 that says it has so many parts of one byte each, which are written once and repeated. */
export function expandingUpdate(parts: number): Uint8Array {
  const column = (write: (to: ReturnType<typeof createEncoder>) => void): Uint8Array => {
    const to = createEncoder()
    write(to)
    return toUint8Array(to)
  }
  const empty = new Uint8Array()
  const whole = createEncoder()
  writeVarUint(whole, 0)
  writeVarUint8Array(whole, empty) // keys
  writeVarUint8Array(whole, column((to) => writeVarInt(to, 7))) // one client
  writeVarUint8Array(whole, empty)
  writeVarUint8Array(whole, empty)
  writeVarUint8Array(whole, column((to) => writeUint8(to, 0))) // kind 0, collected garbage, for ever
  writeVarUint8Array(whole, column((to) => writeVarUint8Array(to, empty)))
  writeVarUint8Array(whole, empty)
  writeVarUint8Array(whole, empty)
  writeVarUint8Array(whole, column((to) => (writeVarInt(to, -1), writeVarUint(to, 2 ** 31)))) // length 1, as often as is asked
  writeVarUint(whole, 1)
  writeVarUint(whole, parts)
  writeVarUint(whole, 0)
  writeVarUint(whole, 0) // nothing deleted
  return toUint8Array(whole)
}
