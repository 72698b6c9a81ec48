import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { answered, echo, libp2pPeer, protocol, until } from '../../../test/contract/network-libp2p-world.ts'
import { quickRuntime } from '../../../test/contract/network-quick-runtime.ts'
import { RelayOnLoopback } from '../../../test/contract/network-relay.ts'
import { toHex } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Network } from '../../ports/network.ts'
import { portOf } from './listen-addresses.ts'

const never = new AbortController().signal
const unreachable = { listen: [], listenWs: [] }

test('two nodes that know only a relay connect through it and move to a direct connection', async () => {
  await using relay = await RelayOnLoopback.start()
  await using a = await libp2pPeer()
  await using b = await libp2pPeer()
  const better: string[] = []
  a.onBetterPath((device) => better.push(a.path(device).path))
  echo(b)
  await through(relay, a, b)
  const first = await a.open(b.device, protocol, never)
  expect(first.path).toBe('relayed')
  expect(await answered(first, 3)).toBe(3)
  await until(() => better.length > 0 && a.path(b.device).path === 'direct:tcp', 'a direct connection')
  const second = await a.open(b.device, protocol, never)
  expect(second.path).toBe('direct:tcp')
  expect(await answered(first, 4), 'the stream over the relay goes on meanwhile').toBe(4)
  first.close('moved')
  await until(() => relay.status().circuits === 0, 'the circuit closes when it carries nothing')

  await relay.stop()
  await until(() => a.relays()[0]?.connected === false, 'the relay is gone')
  expect(await answered(second, 5)).toBe(5)
  expect(a.connected()).toEqual([b.device])
})

test('where no direct connection is possible data moves through the relay', async () => {
  await using relay = await RelayOnLoopback.start()
  await using a = await libp2pPeer(unreachable)
  await using b = await libp2pPeer(unreachable)
  echo(b)
  await through(relay, a, b)
  const stream = await a.open(b.device, protocol, never)
  let bytes = 0
  stream.onFrame((frame) => {
    bytes += frame.length
  })
  for (let i = 0; i < 8; i++) {
    stream.send(new Uint8Array(256 * 1024))
    await until(() => bytes === (i + 1) * 256 * 1024, 'the frame comes back')
  }
  expect(stream.path).toBe('relayed')
  expect(a.path(b.device)).toMatchObject({ path: 'relayed' })
  expect(a.addresses()).toEqual([expect.stringContaining('/p2p-circuit/')])
  expect(a.attempts(b.device)[0]).toMatchObject({ kind: 'relayed', outcome: 'in use' })
})

test('who needs a peer now does not wait for a direct address that never answers', async () => {
  await using relay = await RelayOnLoopback.start()
  await using a = await libp2pPeer(unreachable)
  await using b = await libp2pPeer(unreachable)
  echo(b)
  await through(relay, a, b)
  const [dialled, silent] = [Promise.withResolvers<Socket>(), createServer((socket) => dialled.resolve(socket))]
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  a.learn(b.device, [`/ip4/127.0.0.1/tcp/${(silent.address() as AddressInfo).port}`])
  expect((await a.open(b.device, protocol, never)).path).toBe('relayed')
  const socket = await dialled.promise
  a.drop(b.device, 'lost')
  expect(await answered(await a.open(b.device, protocol, never), 2)).toBe(2)
  expect(socket.readableEnded, 'something better than the relay is still looked for').toBe(false)
  silent.close()
})

test('a peer that stays behind relays is held through two, and reached through the other at once when one dies', async () => {
  await using one = await RelayOnLoopback.start()
  await using other = await RelayOnLoopback.start()
  await using a = await libp2pPeer(unreachable)
  await using b = await libp2pPeer(unreachable)
  echo(b)
  for (const peer of [a, b]) peer.useRelays([one.address, other.address])
  await until(() => [a, b].every((peer) => peer.relays().every(({ reserved }) => reserved)), 'two reservations each')
  await a.open(b.device, protocol, never)
  await until(() => a.attempts(b.device).some(({ outcome }) => outcome === 'available'), 'a second way')
  const [inUse] = a.attempts(b.device)
  await (inUse?.address?.includes(one.address) ? one : other).stop()
  await until(() => a.attempts(b.device)[0]?.address !== inUse?.address, 'the other way is in use')
  expect(await answered(await a.open(b.device, protocol, never), 1)).toBe(1)
})

test('a relay that is stopped and started ten times at the same place is found again each time', { timeout: 60_000 }, async () => {
  await using relay = await RelayOnLoopback.start()
  await using a = await libp2pPeer(unreachable)
  await using b = await libp2pPeer(unreachable)
  echo(b)
  const code = new Uint8Array(randomBytes(32))
  const found: number[] = []
  a.standBehind([code])
  b.standBehind([code])
  a.onFound((_, peers) => found.push(peers.length))
  for (let i = 0; i < 10; i++) {
    await through(relay, a, b)
    const stream = await a.open(b.device, protocol, never)
    expect(await answered(stream, i + 1), `restart ${i}`).toBe(i + 1)
    await until(() => found.at(-1) === 1, 'the other stands behind the code')
    await relay.stop()
    await until(() => !a.relays()[0]?.connected && found.at(-1) === 0 && a.connected().length === 0, 'the relay is gone')
    await relay.startAgain()
  }
  await through(relay, a, b)
})

test('a reservation is renewed before it expires, and after a sleep', async () => {
  await using relay = await RelayOnLoopback.start({ reservationMs: 2_000 })
  const runtime = quickRuntime(10)
  await using a = await libp2pPeer(unreachable)
  await using b = await libp2pPeer({ ...unreachable, runtime })
  echo(b)
  await through(relay, b)
  await until(() => relay.status().uptimeMs > 5_000, 'the first reservation is over')
  a.useRelays([relay.address])
  expect(await answered(await a.open(b.device, protocol, never), 1)).toBe(1)
  runtime.aheadMs += 3_600_000
  await until(() => relay.status().uptimeMs > 7_000, 'and some more')
  expect(b.relays()[0]).toMatchObject({ connected: true, reserved: true, error: null })
  expect(relay.status().reservations).toBe(2)
})

test('a peer that went offline is told as such, and found again when it returns', async () => {
  await using relay = await RelayOnLoopback.start()
  await using a = await libp2pPeer(unreachable)
  await using b = await libp2pPeer(unreachable)
  echo(b)
  await through(relay, a, b)
  await b.setOnline(false)
  expect(b.relays()).toEqual([expect.objectContaining({ connected: false, reserved: false, error: 'the network is switched off' })])
  await expect(a.open(b.device, protocol, never)).rejects.toThrow(/not connected there now/)
  expect(a.attempts(b.device)).toEqual([expect.objectContaining({ kind: 'relayed', outcome: 'failed', why: expect.stringContaining('no reservation for it') as string })])
  const before = performance.now()
  await b.setOnline(true)
  await until(() => b.relays()[0]?.reserved === true, 'reserved again')
  expect(performance.now() - before).toBeLessThan(3_000)
  expect(await answered(await a.open(b.device, protocol, never), 1)).toBe(1)
})

test('those behind one code find each other, in any order, and see each other go', async () => {
  await using relay = await RelayOnLoopback.start()
  await using a = await libp2pPeer(unreachable)
  await using b = await libp2pPeer(unreachable)
  const code = new Uint8Array(randomBytes(32))
  const seen: string[][] = []
  a.onFound((text, peers) => {
    expect(text).toBe(toHex(code))
    seen.push([...peers])
  })
  a.useRelays([relay.address])
  a.standBehind([code])
  await until(() => a.relays()[0]?.reserved === true, 'a is at the relay')
  b.standBehind([new Uint8Array(randomBytes(32)), code])
  b.useRelays([relay.addressWs])
  await until(() => seen.at(-1)?.length === 1, 'a sees b')
  expect(seen.at(-1)).toEqual([b.device])
  b.standBehind([])
  await until(() => seen.at(-1)?.length === 0, 'a sees b go')
})

test('a joiner looks up a code at a relay it does not use, and reaches whom it finds', async () => {
  await using relay = await RelayOnLoopback.start()
  await using a = await libp2pPeer(unreachable)
  await using joiner = await libp2pPeer(unreachable)
  const code = new Uint8Array(randomBytes(32))
  echo(a)
  a.useRelays([relay.address])
  a.standBehind([code])
  await until(() => relay.status().codes === 1, 'a stands behind the code')
  expect(await joiner.lookUp(code, [relay.address], never)).toEqual([a.device])
  expect(await joiner.lookUp(new Uint8Array(randomBytes(32)), [relay.address], never)).toEqual([])
  expect(joiner.relays()).toEqual([])
  expect(joiner.connected(), 'a relay is no peer').toEqual([])
  const stream = await joiner.open(a.device, protocol, never)
  expect(await answered(stream, 7)).toBe(7)
  // Its own rendezvous stream goes on after a question over it.
  expect(await a.lookUp(code, [], never)).toEqual([])
  expect(relay.status().watchers).toBeGreaterThan(0)
})

test('a relay that is not there, not the one named, or no relay at all is said to be so', async () => {
  await using relay = await RelayOnLoopback.start()
  await using a = await libp2pPeer()
  await using b = await libp2pPeer()
  const code = new Uint8Array(randomBytes(32))
  const other = b.addresses()[0]!
  const wrong = relay.address.replace(/\/p2p\/.*/, `/p2p/${other.split('/p2p/')[1]}`)
  const nobody = relay.address.replace(/\/tcp\/\d+/, '/tcp/1')
  expect(await codeOf(a.lookUp(code, [nobody], never))).toBe('relay_unreachable')
  expect(await codeOf(a.lookUp(code, [wrong], never))).toBe('relay_wrong')
  expect(await codeOf(a.lookUp(code, [other], never))).toBe('relay_unreachable')
  expect(await codeOf(a.lookUp(code, ['/dns4/relay.example.org'], never))).toBe('relay_unreachable')
  await until(() => a.connected().includes(b.device), 'who is no relay is a peer')

  await using c = await libp2pPeer()
  c.useRelays([nobody, wrong, 'relay.example.org'])
  await until(() => c.relays().every(({ error }) => error !== null), 'an error for each')
  const [first, second, third] = c.relays()
  expect(first?.error).toMatch(/refused/)
  expect(second?.error).toMatch(/another peer answers/)
  expect(third?.error).toMatch(/not the address of a relay/)
  c.useRelays([other])
  await until(() => c.relays()[0]?.error === 'a peer answers there, but it is no relay', 'no relay')
})

test.each(['address', 'addressWs'] as const)('H1: a captive portal in the place of a relay is told from a relay that is away, and tried every second (%s)', async (kind) => {
  await using relay = await RelayOnLoopback.start()
  const address = relay[kind]
  await relay.stop()
  const portal = createHttpServer((_, response) => response.writeHead(302, { location: 'http://portal.example/' }).end('<html>Log in first.</html>'))
  let tries = 0
  portal.on('connection', () => tries++)
  portal.listen(portOf(multiaddr(address)), '127.0.0.1')
  await once(portal, 'listening')
  const runtime = quickRuntime(20)
  await using a = await libp2pPeer({ ...unreachable, runtime })
  a.useRelays([address])
  await until(() => a.relays()[0]?.error === 'something else answers there', 'it is named')
  const [since, before] = [runtime.timers.elapsed(), tries]
  await until(() => tries > before + 60, 'it is tried again and again')
  expect((runtime.timers.elapsed() - since) / 30, 'twice each time, with the repetition').toBeLessThan(4_000)
  await new Promise((resolve) => portal.close(resolve))
  await relay.startAgain()
  await until(() => a.relays()[0]?.reserved === true, 'somebody has logged in')
})

test('a relay that is full is connected, and says so; what is not used any more is left', async () => {
  await using relay = await RelayOnLoopback.start({ reservations: 1 })
  await using a = await libp2pPeer(unreachable)
  await using b = await libp2pPeer(unreachable)
  a.useRelays([relay.address])
  await until(() => a.relays()[0]?.reserved === true, 'the first has a place')
  b.useRelays([relay.address])
  await until(() => b.relays()[0]?.error === 'the relay takes no more reservations', 'the second has none')
  expect(b.relays()[0]).toMatchObject({ connected: true, reserved: false })
  expect(b.addresses()).toEqual([])
  a.useRelays([])
  expect(a.relays()).toEqual([])
  expect(a.addresses()).toEqual([])
})

async function through(relay: RelayOnLoopback, ...peers: readonly Network[]): Promise<void> {
  for (const peer of peers) peer.useRelays([relay.address])
  await until(() => peers.every((peer) => peer.relays()[0]?.reserved === true), 'a reservation each')
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(() => 'resolved', (error: unknown) => (error instanceof AtollError ? error.code : String(error)))
}
