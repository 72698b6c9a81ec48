import { expect, test } from 'vitest'
import { RelayOnLoopback } from '../../../test/contract/network-relay.ts'
import { libp2pPeer, until } from '../../../test/contract/network-libp2p-world.ts'
import { nodeRuntime } from '../node-runtime.ts'
import { askStun, natKind } from './stun-client.ts'
import { stunServers } from './stun-servers.ts'
import { multiaddr } from '@multiformats/multiaddr'
import { peerIdTextToDevice } from './device-peer-id.ts'

const never = new AbortController().signal

test('the kind of NAT follows from what was seen from where', () => {
  const kind = (...seen: (string | null)[]) => natKind({ local_port: 4000, seen }, ['192.168.1.2', 'fd00::2'])
  expect(kind(null, null)).toBe('udp-blocked')
  expect(kind('11.0.0.2:4000', '11.0.0.2:4000')).toBe('ordinary')
  expect(kind('11.0.0.2:4000', '11.0.0.2:4001')).toBe('symmetric')
  expect(kind('192.168.1.2:4000', '192.168.1.2:4000')).toBe('none')
  expect(kind('[fd00::2]:4000', null)).toBe('none')
  expect(kind('11.0.0.2:4000', null)).toBe('unknown')
})

test('a real relay tells a node how it is seen, and the node knows that no NAT stands between', { timeout: 30_000 }, async () => {
  await using relay = await RelayOnLoopback.start()
  await using peer = await libp2pPeer()
  peer.useRelays([relay.address])
  await until(() => peer.relays()[0]?.reserved === true, 'a reservation')
  expect((await peer.check(never)).stun).toEqual([true])
  await until(() => peer.nat() === 'none', 'it found out by itself')
})

test('who does not answer is not waited for beyond the deadline, and a signal ends it at once', async () => {
  using runtime = nodeRuntime()
  const given = new AbortController()
  const asking = askStun([{ host: '127.0.0.1', port: 9 }], 4, runtime, given.signal)
  given.abort()
  expect((await asking).seen).toEqual([null])
})

test('T8: of the addresses that a relay gives only its own UDP ones are taken', () => {
  const id = '12D3KooWRndVhVZPCiQwHBBBdg769GyrPUW13zxwqQyf9r3ANaba'
  const other = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
  const taken = (...texts: string[]) => stunServers(texts.map((text) => multiaddr(text).bytes), peerIdTextToDevice(id)!)
  expect(taken(`/ip4/11.0.0.1/udp/4001/p2p/${id}`, `/dns/relay.example.org/udp/4001/p2p/${id}`, `/ip4/11.0.0.1/tcp/4001/p2p/${id}`, `/ip4/11.0.0.9/udp/4001/p2p/${other}`, '/ip4/11.0.0.9/udp/4001')).toEqual([{ host: '11.0.0.1', port: 4001 }, { host: 'relay.example.org', port: 4001 }])
  expect(stunServers([Uint8Array.of(1, 2, 3)], peerIdTextToDevice(id)!)).toEqual([])
  expect(taken(...Array.from({ length: 40 }, (_, i) => `/ip4/11.0.0.1/udp/${i + 1}/p2p/${id}`))).toHaveLength(8)
})
