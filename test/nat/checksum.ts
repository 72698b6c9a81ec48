/**
 * Fills in the checksum of the TCP, UDP or ICMPv6 in an Ethernet frame. Where a kernel believes that hardware will do
 * it, as between namespaces, what a process gets to see has none yet.
 *
 * @param start of the frame in the bytes
 */
export function fillChecksum(bytes: Buffer, start: number): void {
  const ip = start + 14
  const type = bytes.readUInt16BE(start + 12)
  if (type === 0x0800) {
    const fragment = bytes.readUInt16BE(ip + 6) & 0x3fff
    const content = ip + (bytes.readUInt8(ip) & 15) * 4
    if (fragment === 0) fill(bytes, bytes.readUInt8(ip + 9), [ip + 12, ip + 20], content, ip + bytes.readUInt16BE(ip + 2))
  } else if (type === 0x86dd) {
    fill(bytes, bytes.readUInt8(ip + 6), [ip + 8, ip + 40], ip + 40, ip + 40 + bytes.readUInt16BE(ip + 4))
  }
}

/** Where the checksum stands, by the number of the protocol. */
const places: ReadonlyMap<number, number> = new Map([[6, 16], [17, 6], [58, 2]])

function fill(bytes: Buffer, protocol: number, addresses: readonly [number, number], from: number, to: number): void {
  const place = places.get(protocol)
  if (place === undefined || from + place + 2 > to || to > bytes.length) return
  bytes.writeUInt16BE(0, from + place)
  const total = sum(bytes, ...addresses) + protocol + (to - from) + sum(bytes, from, to)
  bytes.writeUInt16BE(~fold(total) & 0xffff || 0xffff, from + place)
}

function sum(bytes: Buffer, from: number, to: number): number {
  let total = 0
  for (let at = from; at + 1 < to; at += 2) total += bytes.readUInt16BE(at)
  return (to - from) % 2 === 1 ? total + bytes.readUInt8(to - 1) * 256 : total
}

function fold(total: number): number {
  return total > 0xffff ? fold((total & 0xffff) + Math.floor(total / 0x10000)) : total
}
