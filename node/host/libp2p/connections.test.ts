import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { nodeRuntime } from '../node-runtime.ts'
import { Connections, type Link } from './connections.ts'
import { deviceToPeerId, peerIdToDevice } from './device-peer-id.ts'

const self = '00'.repeat(32) as DeviceId

/** Connections to one peer; the last letter of a way names the relay that it leads through. */
async function ways(): Promise<{ all: Connections; peer: DeviceId; better: () => number; open(relay: string | undefined, direction?: 'inbound' | 'outbound'): Link; close(link: Link): void }> {
  const id = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
  const peer = peerIdToDevice(id)!
  const relays = new Map<string, string>()
  let [better, opened] = [0, 0]
  const all = new Connections({ device: self, timers: nodeRuntime().timers, onPeer: () => {}, onBetter: () => void better++, onChange: () => {} })
  return {
    all,
    peer,
    better: () => better,
    open: (relay, direction = 'outbound') => {
      const through = relay === undefined ? undefined : (relays.get(relay) ?? deviceToPeerId(`${relay.codePointAt(0)!.toString(16)}`.repeat(32) as DeviceId).toString())
      if (relay !== undefined && through !== undefined) relays.set(relay, through)
      const address = through === undefined ? `/ip4/203.0.113.1/tcp/1/p2p/${id.toString()}` : `/ip4/203.0.113.2/tcp/1/p2p/${through}/p2p-circuit/p2p/${id.toString()}`
      const connection = { remotePeer: id, remoteAddr: multiaddr(address), status: 'open', direction, timeline: { open: ++opened } }
      return all.prove(connection as Partial<Connection> as Connection)!
    },
    close: (link) => {
      Object.assign(link.connection, { status: 'closed' })
      all.closed(link.connection)
    },
  }
}

test('of two relays the one is preferred through which the peer is nearer, once both were measured, and only if it is much nearer', async () => {
  const { all, peer, better, open, close } = await ways()
  const [far, near] = [open('a'), open('b')]
  all.measured(far, 100)
  expect(all.best(peer)).toBe(far)
  all.measured(near, 95)
  expect([all.best(peer), better()], 'not worth a move').toEqual([far, 0])
  all.measured(near, 40)
  expect([all.best(peer), better()]).toEqual([near, 1])
  for (let i = 0; i < 4; i++) all.measured(near, 500)
  all.measured(far, 100)
  expect([all.best(peer), better()], 'what waited behind other traffic says nothing').toEqual([near, 1])
  all.measured(near, 500)
  expect([all.best(peer), better()], 'unless it goes on').toEqual([far, 2])
  close(far)
  expect([all.best(peer), better()]).toEqual([near, 2])
})

test('a direct connection is better than any relay, and of two through one relay both sides prefer the same', async () => {
  const { all, peer, better, open } = await ways()
  const [theirs, ours] = [open('a', 'inbound'), open('a')]
  all.measured(theirs, 1)
  all.measured(ours, 50)
  expect([all.best(peer), better()], 'that of the smaller id').toEqual([ours, 0])
  const direct = open(undefined)
  all.measured(direct, 200)
  all.measured(open('b'), 1)
  expect([all.best(peer), better()]).toEqual([direct, 1])
})
