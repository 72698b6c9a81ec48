/**
 * STUN binding requests and answers (RFC 8489): how a node learns from which address and port the world sees it. The relay
 * answers them, a node asks; nothing else of STUN is needed here. WebRTC's own requests carry more attributes, which are skipped.
 */
const cookie = 0x2112a442
const headerBytes = 20
const bindingRequest = 0x0001
const bindingAnswer = 0x0101
const xorMappedAddress = 0x0020
export const stunIdBytes = 12
/** No request of a client is longer; what is longer is not answered. */
const requestBytes = 548

/** An IP address in its bytes (4 or 16), and a UDP port. */
export interface UdpEndpoint {
  readonly ip: Uint8Array
  readonly port: number
}

/** @param id 12 random bytes, which the answer repeats */
export function stunRequest(id: Uint8Array): Uint8Array {
  return message(bindingRequest, id, new Uint8Array(0))
}

/** The id of a binding request; undefined: it is none. */
export function readStunRequest(packet: Uint8Array): Uint8Array | undefined {
  return packet.length <= requestBytes && isMessage(packet, bindingRequest) ? Uint8Array.from(packet.subarray(8, headerBytes)) : undefined
}

/** @param seen where the request came from */
export function stunAnswer(id: Uint8Array, { ip, port }: UdpEndpoint): Uint8Array {
  const attribute = new Uint8Array(8 + ip.length)
  const view = new DataView(attribute.buffer)
  view.setUint16(0, xorMappedAddress)
  view.setUint16(2, 4 + ip.length)
  view.setUint8(5, ip.length === 4 ? 1 : 2)
  view.setUint16(6, port ^ (cookie >>> 16))
  attribute.set(masked(ip, id), 8)
  return message(bindingAnswer, id, attribute)
}

/** What an answer says, if it answers that request; undefined: it does not, or is malformed. */
export function readStunAnswer(packet: Uint8Array, id: Uint8Array): UdpEndpoint | undefined {
  if (!isMessage(packet, bindingAnswer) || !packet.subarray(8, headerBytes).every((byte, i) => byte === id[i])) return undefined
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
  for (let at = headerBytes; at + 4 <= packet.length; ) {
    const length = view.getUint16(at + 2)
    const ipBytes = length - 4
    if (at + 4 + length > packet.length) return undefined
    if (view.getUint16(at) === xorMappedAddress && (ipBytes === 4 || ipBytes === 16)) {
      return { port: view.getUint16(at + 6) ^ (cookie >>> 16), ip: masked(Uint8Array.from(packet.subarray(at + 8, at + 8 + ipBytes)), id) }
    }
    at += 4 + length + ((4 - (length % 4)) % 4)
  }
  return undefined
}

function message(type: number, id: Uint8Array, attributes: Uint8Array): Uint8Array {
  const packet = new Uint8Array(headerBytes + attributes.length)
  const view = new DataView(packet.buffer)
  view.setUint16(0, type)
  view.setUint16(2, attributes.length)
  view.setUint32(4, cookie)
  packet.set(id, 8)
  packet.set(attributes, headerBytes)
  return packet
}

function isMessage(packet: Uint8Array, type: number): boolean {
  if (packet.length < headerBytes) return false
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
  return view.getUint16(0) === type && view.getUint16(2) === packet.length - headerBytes && view.getUint32(4) === cookie
}

/** An address and its masked form are made from each other alike. */
function masked(ip: Uint8Array, id: Uint8Array): Uint8Array {
  const mask = new Uint8Array(16)
  new DataView(mask.buffer).setUint32(0, cookie)
  mask.set(id, 4)
  return ip.map((byte, i) => byte ^ (mask[i] as number))
}
