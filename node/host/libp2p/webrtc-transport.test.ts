import { expect, test } from 'vitest'
import { answered, echo, libp2pPeer, protocol, until } from '../../../test/contract/network-libp2p-world.ts'
import { RelayOnLoopback } from '../../../test/contract/network-relay.ts'
import type { Network } from '../../ports/network.ts'

const never = new AbortController().signal
/** Nobody can dial these: they meet through the relay, and by WebRTC. */
const unreachable = { listen: [], listenWs: [] }

async function pair(relay: RelayOnLoopback, acquainted = true): Promise<{ a: Network; b: Network } & AsyncDisposable> {
  const [a, b] = [await libp2pPeer(unreachable), await libp2pPeer(unreachable)]
  for (const [one, other] of [[a, b], [b, a]] as const) {
    one.useRelays([relay.address])
    if (acquainted) one.acquaint({ has: (device) => device === other.device, all: () => [other.device] })
    echo(one)
  }
  await until(() => [a, b].every((one) => one.relays()[0]?.reserved === true), 'both have a reservation')
  return { a, b, [Symbol.asyncDispose]: async () => void (await Promise.all([a[Symbol.asyncDispose](), b[Symbol.asyncDispose]()])) }
}

test('peers that meet through a relay move to WebRTC, and go on when the relay is gone', { timeout: 60_000 }, async () => {
  await using relay = await RelayOnLoopback.start()
  await using peers = await pair(relay)
  const { a, b } = peers
  const first = await a.open(b.device, protocol, never)
  expect(first.path).toBe('relayed')
  await until(() => [a.path(b.device), b.path(a.device)].every(({ path }) => path === 'direct:webrtc'), 'a direct connection')
  expect(relay.status().stunAnswers).toBeGreaterThan(0)
  const second = await a.open(b.device, protocol, never)
  expect(second.path).toBe('direct:webrtc')
  expect(await answered(first, 4), 'the stream over the relay goes on meanwhile').toBe(4)
  first.close('moved')
  await relay.stop()
  expect(await answered(second, 256 * 1024)).toBe(256 * 1024)
})

test('H2: with a stranger nothing is negotiated, whoever asks', { timeout: 60_000 }, async () => {
  await using relay = await RelayOnLoopback.start()
  await using peers = await pair(relay, false)
  const { a, b } = peers
  // One side believes that they share a mesh; the other one knows better.
  const [asks, refuses] = a.device < b.device ? [a, b] : [b, a]
  asks.acquaint({ has: () => true, all: () => [] })
  const stream = await asks.open(refuses.device, protocol, never)
  await until(() => asks.attempts(refuses.device).some(({ kind, outcome }) => kind === 'direct:webrtc' && outcome === 'failed'), 'it was refused')
  expect(await answered(stream, 3)).toBe(3)
  expect(asks.path(refuses.device).path).toBe('relayed')
})
