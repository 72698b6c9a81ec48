import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Budgets } from './budget.ts'
import { Counters } from './counters.ts'
import { Doorway } from './doorway.ts'
import type { RelayClock } from './relay-clock.ts'
import { defaultLimits, type RelayLimits } from './relay-limits.ts'

let server: Server
let sockets: Socket[] = []
let doorway: Doorway | undefined
/** What the clock was asked to do later, soonest first. */
let later: { at: number; call: () => void }[] = []
let now = 0
const clock: RelayClock = {
  now: () => now,
  after: (ms, call) => {
    const entry = { at: now + ms, call }
    later.push(entry)
    return () => void (later = later.filter((other) => other !== entry))
  },
}
function pass(ms: number): void {
  now += ms
  const ripe = later.filter(({ at }) => at <= now)
  later = later.filter(({ at }) => at > now)
  for (const { call } of ripe) call()
}

beforeEach(async () => {
  server = createServer((socket) => void socket.on('error', () => socket.destroy()).resume()).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  doorway?.close()
  for (const socket of sockets) socket.destroy()
  sockets = []
  later = []
  await new Promise((resolve) => server.close(resolve))
})

function open(limits: Partial<RelayLimits>): Counters {
  const counters = new Counters()
  const all = { ...defaultLimits, exemptLoopback: false, ...limits }
  doorway = new Doorway({ limits: all, clock, counters, arrivals: new Budgets(all.connectionsPerAddressPerSecond, all.connectionsPerAddress) })
  doorway.guard(port(), 'tcp')
  return counters
}

function port(): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function enter(): Promise<Socket> {
  const socket = connect(port(), '127.0.0.1').on('error', () => socket.destroy()).resume()
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

const cut = (socket: Socket) => vi.waitFor(() => expect(socket.closed).toBe(true))
const inside = (expected: number) => vi.waitFor(() => expect(doorway?.size).toBe(expected))

test('T8: one address has so many sockets, and room again when one leaves', async () => {
  const counters = open({ connectionsPerAddress: 2, connectionsPerAddressPerSecond: 1000 })
  const [first] = [await enter(), await enter()]
  now += 1000
  await inside(2)
  await cut(await enter())
  expect(counters.refused.connections_per_address).toBe(1)
  first.destroy()
  await inside(1)
  now += 1000
  await enter()
  await inside(2)
})

test('T8: one address is slowed down when it comes too often', async () => {
  const counters = open({ connectionsPerAddress: 2, connectionsPerAddressPerSecond: 1 })
  for (let visits = 0; visits < 2; visits++) {
    const socket = await enter()
    await inside(1)
    socket.destroy()
    await inside(0)
  }
  await cut(await enter())
  expect(counters.refused.connection_rate).toBe(1)
  now += 1000
  await enter()
  await inside(1)
})

test('T8: all together have so many, loopback included', async () => {
  const counters = open({ connections: 1, exemptLoopback: true, connectionsPerAddress: 0 })
  await enter()
  await inside(1)
  await cut(await enter())
  expect(counters.refused.connections_full).toBe(1)
})

test('T8: who does not become a connection in time is cut, who does may stay', async () => {
  const counters = open({ upgradeMs: 5_000 })
  const [silent, known] = [await enter(), await enter()]
  await inside(2)
  doorway?.upgraded('tcp', '::ffff:127.0.0.1', known.localPort ?? 0)
  pass(5_000)
  await cut(silent)
  await inside(1)
  expect(counters.refused.upgrade_timeout).toBe(1)
  doorway?.left('tcp', '127.0.0.1', known.localPort ?? 0)
  pass(5_000)
  await cut(known)
})

test('other ports of the process are left alone, and closing ends it', async () => {
  open({ connections: 1 })
  const other = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1')
  await once(other, 'listening')
  const address = other.address()
  const guests = [await enter(), connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')] as const
  expect(String((await once(guests[1], 'data'))[0])).toBe('hello')
  doorway?.close()
  await cut(guests[0])
  await new Promise((resolve) => other.close(resolve))
})
