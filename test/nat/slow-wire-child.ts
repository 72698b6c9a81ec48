/**
 * `slow-wire-child.ts MILLISECONDS BYTES PORT ADDRESS END ID ADDRESS END ID`: passes VXLAN datagrams between both ends of
 * a cable, each after that time, and no more than so many bytes a second in each direction; 0: as many as come.
 * ADDRESS is its own on that side, END that of the tunnel there, ID the tunnel's network.
 */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { fillChecksum } from './checksum.ts'

/** Of VXLAN; a frame follows. */
const headerBytes = 8

/** What would have to wait for longer gets lost, as in a modem. */
const longestQueueMs = 250

const [latencyMs = 0, bytesPerSecond = 0, port = 0] = process.argv.slice(2, 5).map(Number)
const sides = await Promise.all([5, 8].map(async (from) => {
  const [address = '', end = '', id = ''] = process.argv.slice(from, from + 3)
  return { socket: await listen(address), end, id: Number(id) }
}))

for (const [index, { socket }] of sides.entries()) {
  const far = sides[1 - index]!
  const queue: { readonly at: number; readonly datagram: Buffer }[] = []
  let freeAt = 0
  // One timer for all of them: those of several do not fire in order.
  const pass = (): void => {
    for (let first = queue[0]; first !== undefined && first.at <= performance.now(); first = queue[0]) {
      queue.shift()
      far.socket.send(first.datagram, port, far.end, lost)
    }
    if (queue[0] !== undefined) setTimeout(pass, Math.max(0, queue[0].at - performance.now()))
  }
  socket.on('message', (datagram) => {
    const now = performance.now()
    const waits = Math.max(0, freeAt - now)
    if (waits > longestQueueMs) return
    if (bytesPerSecond > 0) freeAt = now + waits + (datagram.length / bytesPerSecond) * 1000
    datagram.writeUIntBE(far.id, 4, 3) // a tunnel takes in only what carries its own
    fillChecksum(datagram, headerBytes)
    queue.push({ at: now + waits + latencyMs, datagram })
    if (queue.length === 1) setTimeout(pass, waits + latencyMs)
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
