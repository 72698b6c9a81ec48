import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { readStunAnswer, stunIdBytes, stunRequest, type UdpEndpoint } from '../crdt/wire/stun.ts'
import { Budgets } from './budget.ts'
import { Counters } from './counters.ts'
import { serveStun, type Stun } from './stun.ts'

const open: { close(): unknown }[] = []
afterEach(() => open.splice(0).forEach((each) => each.close()))

const counters = new Counters()
const silent = { info: () => {}, warn: () => {}, debug: () => {} }
async function stun(hosts: readonly string[], burst = 10): Promise<Stun> {
  const served = await serveStun({ listen: hosts.map((host) => ({ host, port: 0 })), clock: { now: () => 0, after: () => () => {} }, log: silent, counters, answers: new Budgets(1, burst) })
  open.push(served)
  return served
}

async function client(family: 4 | 6 = 4): Promise<{ ask(port: number, packet: Uint8Array): void; answers: Buffer[]; port: number }> {
  const host = family === 4 ? '127.0.0.1' : '::1'
  const socket = createSocket(family === 4 ? 'udp4' : 'udp6')
  open.push(socket)
  const answers: Buffer[] = []
  socket.on('message', (packet) => answers.push(packet))
  socket.bind(0, host)
  await once(socket, 'listening')
  return { ask: (port, packet) => socket.send(packet, port, host), answers, port: socket.address().port }
}

const idOf = (byte: number): Uint8Array => new Uint8Array(stunIdBytes).fill(byte)
const arrived = async (answers: readonly unknown[], count: number): Promise<void> => {
  await expect.poll(() => answers.length, { timeout: 10_000 }).toBe(count)
}

test('each port says from where it was asked, over IPv4 and IPv6', async () => {
  const { ports } = await stun(['127.0.0.1', '127.0.0.1', '::'])
  const own: readonly [Awaited<ReturnType<typeof client>>, Uint8Array][] = [[await client(4), Uint8Array.of(127, 0, 0, 1)], [await client(6), new Uint8Array(16).fill(1, 15)]]
  for (const [one, ip] of own) {
    const asked = one.answers.length === 0 && ip.length === 4 ? ports : ports.slice(2)
    asked.forEach((port, index) => one.ask(port, stunRequest(idOf(index + 1))))
    await arrived(one.answers, asked.length)
    const said = asked.map((_, index) => one.answers.map((answer) => readStunAnswer(answer, idOf(index + 1))).find((read) => read !== undefined))
    expect(said).toEqual(asked.map((): UdpEndpoint => ({ ip, port: one.port })))
  }
})

test('T8: one address gets so many answers, and what is no request gets none', async () => {
  const { ports: [port = 0] } = await stun(['127.0.0.1'], 3)
  const one = await client()
  const before = counters.refused.stun_per_address
  one.ask(port, Uint8Array.of(1, 2, 3))
  one.ask(port, new Uint8Array(1400))
  for (let i = 0; i < 8; i++) one.ask(port, stunRequest(idOf(i)))
  await expect.poll(() => counters.refused.stun_per_address - before, { timeout: 10_000 }).toBe(5)
  expect(one.answers.map((answer, i) => readStunAnswer(answer, idOf(i))?.port)).toEqual([one.port, one.port, one.port])
})

test('a port that is taken is said so', async () => {
  const { ports: [port = 0] } = await stun(['127.0.0.1'])
  await expect(serveStun({ listen: [{ host: '127.0.0.1', port }], clock: { now: () => 0, after: () => () => {} }, log: silent, counters, answers: new Budgets(1, 1) })).rejects.toThrow(/127\.0\.0\.1:\d+\/udp/)
})
