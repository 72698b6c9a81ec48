/**
 * `slow-wire-child.ts MILLISECONDS PORT ADDRESS END ID ADDRESS END ID`: passes VXLAN datagrams between both ends of a
 * cable, each after that time. ADDRESS is its own on that side, END that of the tunnel there, ID the tunnel's network.
 */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { fillChecksum } from './checksum.ts'

/** Of VXLAN; a frame follows. */
const headerBytes = 8

const [latencyMs = 0, port = 0] = process.argv.slice(2, 4).map(Number)
const sides = await Promise.all([4, 7].map(async (from) => {
  const [address = '', end = '', id = ''] = process.argv.slice(from, from + 3)
  return { socket: await listen(address), end, id: Number(id) }
}))

for (const [index, { socket }] of sides.entries()) {
  const far = sides[1 - index]!
  socket.on('message', (datagram) => {
    datagram.writeUIntBE(far.id, 4, 3) // a tunnel takes in only what carries its own
    fillChecksum(datagram, headerBytes)
    setTimeout(() => far.socket.send(datagram, port, far.end, lost), latencyMs)
  })
}
process.on('disconnect', () => process.exit())
process.send?.('ready')

/** What is sent while a link is down gets lost, as on a real cable. */
function lost(): void {}

async function listen(address: string): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 }).bind(port, address)
  await once(socket, 'listening')
  return socket
}
