/** The Unix socket on which surfaces attach to a node. */
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { AtollError } from '../ports/errors.ts'
import type { Log } from '../ports/log.ts'
import type { PeerHost } from '../ports/services.ts'
import { serveRpc } from '../rpc/serve.ts'
import { settledBy } from './settled-by.ts'
import { socketDuplex } from './socket-duplex.ts'

/** Connections at a time; sessions, hooks and commands of one person stay far below. */
const connectionLimit = 512
const helloMs = 5_000

export interface SocketServer {
  /** Takes no new connections, lets running calls finish until `deadline` fires, then closes all. */
  stop(deadline: AbortSignal): Promise<void>
}

/**
 * Listens at `path` with mode 0600. Whatever lies there is removed first: call it only while holding the
 * profile's lock, which proves that no live node listens there.
 */
export async function serveSocket(path: string, host: PeerHost, log: Log): Promise<SocketServer> {
  rmSync(path, { force: true })
  const stopping = new AbortController()
  const connections = new Map<Socket, Promise<void>>()
  const server = createServer({ allowHalfOpen: false }, (socket) => {
    if (connections.size >= connectionLimit) {
      log.warn('too many connections', { limit: connectionLimit })
      socket.destroy()
      return
    }
    const served = serveRpc(socketDuplex(socket), host, { signal: stopping.signal, helloBy: AbortSignal.timeout(helloMs), log })
    connections.set(
      socket,
      served.finally(() => connections.delete(socket)),
    )
  })
  await listen(server, path)
  server.on('error', (error) => log.error('socket failed', { why: error.message }))
  chmodSync(path, 0o600)
  return {
    stop: async (deadline) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      stopping.abort()
      await settledBy(deadline, [closed, ...connections.values()])
      for (const socket of connections.keys()) socket.destroy()
      rmSync(path, { force: true })
    },
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => reject(new AtollError('node_unreachable', { why: `it cannot listen at ${path}: ${error.message}` }, { cause: error }))
    server.once('error', refuse)
    server.listen(path, () => {
      server.off('error', refuse)
      resolve()
    })
  })
}
