import type { Socket } from 'node:net'
import type { Duplex } from '../rpc/duplex.ts'

/** A connected socket as a duplex. `send` waits for the kernel when its buffer is full. */
export function socketDuplex(socket: Socket): Duplex {
  // Errors also end the reading side, where they are seen; without a listener they would end the process.
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  return {
    incoming: incoming(socket),
    send: (bytes) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed || socket.writableEnded) return reject(new Error('the connection is closed'))
        socket.write(bytes, (error) => (error ? reject(error) : resolve()))
      }),
    close: async () => {
      if (socket.destroyed) return
      // Half-close first, so that what was sent arrives; the other side answers with its own end.
      socket.end(() => socket.destroy())
      await closed
    },
  }
}

async function* incoming(socket: Socket): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) yield chunk
  } catch (error) {
    // A reset or an end in the middle is an end; whatever was under way then is reported by its caller.
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ECONNRESET' && code !== 'EPIPE' && code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}
