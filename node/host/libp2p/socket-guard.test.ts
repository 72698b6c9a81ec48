import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { VirtualRuntime } from '../../peer/virtual-runtime.ts'
import { until } from '../../../test/contract/network-libp2p-world.ts'
import { defaultConnectionLimits, type ConnectionLimits } from './connection-limits.ts'
import { SocketGuard } from './socket-guard.ts'

test('T8: sockets over the limit of an address are refused at once, and free their place when they close', async () => {
  await using place = await guarded({ connectionsPerAddress: 3 })
  const sockets = Array.from({ length: 5 }, () => place.dial())
  await until(() => sockets.filter(({ closed }) => closed).length === 2, 'two are refused')
  sockets.find(({ closed }) => !closed)?.destroy()
  await until(() => place.accepted() === 2, 'one has left')
  const another = place.dial()
  await until(() => place.accepted() === 3, 'there is room again')
  expect(another.closed).toBe(false)
})

test('T8: a socket that says nothing is cut after fifteen seconds; one that became a connection stays', async () => {
  await using place = await guarded()
  const [silent, good] = [place.dial(), place.dial()]
  await until(() => place.accepted() === 2, 'both are accepted')
  place.guard.upgraded(connectionOf(good))
  await place.runtime.advance(14_999)
  expect([silent.closed, good.closed]).toEqual([false, false])
  await place.runtime.advance(1)
  await until(() => silent.closed, 'the silent one is cut')
  expect(good.closed).toBe(false)
  place.guard.closed(connectionOf(good))
  await place.runtime.advance(2_000)
  await until(() => good.closed, 'what libp2p has closed is gone for certain')
})

test('other servers of the process are left alone', async () => {
  await using place = await guarded({ connectionsPerAddress: 0 })
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await new Promise((connected) => socket.once('connect', connected))
  const refused = place.dial()
  await until(() => refused.closed, 'here it would have been refused')
  expect(socket.closed).toBe(false)
  socket.destroy()
  server.close()
})

test('the socket of a dial lives no longer than its connection; a failed dial leaves none', async () => {
  await using place = await guarded()
  const address = multiaddr(`/ip4/127.0.0.1/tcp/${place.port}`)
  const opened: Socket[] = []
  const dialled = async (): Promise<Connection> => {
    const socket = place.dial()
    opened.push(socket)
    await new Promise((connected) => socket.once('connect', connected))
    return connectionOf(socket, 'outbound')
  }
  const connection = await place.guard.dial(address, dialled)
  expect(place.guard.ownAddress(connection)).toBe('127.0.0.1')
  place.guard.closed(connection)
  await place.runtime.advance(2_000)
  await until(() => opened[0]!.closed, 'its socket is destroyed')
  await expect(place.guard.dial(address, async () => {
    await dialled()
    throw new Error('no libp2p here')
  })).rejects.toThrow('no libp2p here')
  await until(() => opened[1]!.closed, 'the other is destroyed as well')
})

interface Place extends AsyncDisposable {
  readonly guard: SocketGuard
  readonly runtime: VirtualRuntime
  readonly port: number
  dial(): Socket
  accepted(): number
}

async function guarded(limits: Partial<ConnectionLimits> = {}): Promise<Place> {
  const runtime = new VirtualRuntime({ seed: 1 })
  let open = 0
  const server = createServer((socket) => {
    if (socket.destroyed) return
    open++
    socket.on('close', () => open--)
    socket.resume()
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  const guard = new SocketGuard({ ...defaultConnectionLimits, ...limits }, runtime.timers, () => [port])
  const sockets: Socket[] = []
  return {
    guard,
    runtime,
    port,
    dial: () => {
      const socket = connect(port, '127.0.0.1').on('error', () => {}).resume()
      sockets.push(socket)
      return socket
    },
    accepted: () => open,
    [Symbol.asyncDispose]: async () => {
      guard[Symbol.dispose]()
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** What libp2p would make of a socket that dialled us (or that we dialled). */
function connectionOf(socket: Socket, direction: 'inbound' | 'outbound' = 'inbound'): Connection {
  const port = direction === 'inbound' ? socket.localPort : socket.remotePort
  return { direction, remoteAddr: multiaddr(`/ip4/127.0.0.1/tcp/${port}`) } as unknown as Connection
}
