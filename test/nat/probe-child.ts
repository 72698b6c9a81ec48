/** A program on a machine of a laboratory that does as probe.ts tells it: sends and hears UDP, calls and answers TCP. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Asked, Told } from './probe.ts'

const sockets = new Map<number, UdpSocket>()

process.on('message', (asked: Asked) => void answer(asked))
process.on('disconnect', () => process.exit())
tell({ kind: 'done', id: 0, result: 'ready' })

async function answer(asked: Asked): Promise<void> {
  tell({ kind: 'done', id: asked.id, result: await perform(asked) })
}

async function perform(asked: Asked): Promise<string> {
  switch (asked.kind) {
    case 'bind':
      return await bind(asked.port, asked.address, asked.echo)
    case 'send':
      for (let left = asked.times; left > 0; left--) sockets.get(asked.port)?.send(asked.text, asked.toPort, asked.to, unreachable)
      return ''
    case 'serve': {
      const server = createServer((socket) => socket.end()).listen(asked.port, asked.address)
      await once(server, 'listening')
      return ''
    }
    case 'call':
      return await call(asked.to, asked.toPort, asked.ms)
  }
}

async function bind(port: number, address: string, echo: boolean): Promise<string> {
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 4 << 20 })
  socket.on('message', (content, from) => {
    if (echo) socket.send(content, from.port, from.address, unreachable)
    tell({ kind: 'heard', port, text: content.toString(), from: { address: from.address, port: from.port } })
  })
  socket.bind(port, address)
  await once(socket, 'listening')
  sockets.set(port, socket)
  return ''
}

async function call(to: string, port: number, ms: number): Promise<string> {
  const socket = connect({ host: to, port })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(ms) })
    return 'open'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'failed'
  } finally {
    socket.destroy()
  }
}

/** A datagram that cannot be sent is one that is not heard. */
function unreachable(): void {}

function tell(told: Told): void {
  process.send?.(told)
}
