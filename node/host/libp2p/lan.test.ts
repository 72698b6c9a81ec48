import { randomBytes } from 'node:crypto'
import multicastDns from 'multicast-dns'
import { expect, test } from 'vitest'
import { libp2pPeer, until } from '../../../test/contract/network-libp2p-world.ts'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import type { Network } from '../../ports/network.ts'

const never = new AbortController().signal
const code = [new Uint8Array(randomBytes(32))]

/** A node that is in a mesh with these others. */
async function near(lan: () => boolean, ...others: DeviceId[]): Promise<Network> {
  const peer = await libp2pPeer({ listen: ['0.0.0.0:0'], lan })
  peer.standBehind(code)
  peer.acquaint({ has: (device) => others.includes(device), all: () => others })
  return peer
}

test('who is missed is found on the local network, and where; a stranger is not looked at', { timeout: 60_000 }, async () => {
  await using b = await near(() => true)
  await using stranger = await near(() => true)
  await using a = await near(() => true, b.device)
  const found: DeviceId[] = []
  a.onNearby((device) => found.push(device))
  await until(() => found.length > 0, 'b is found')
  b.handle('/atoll/test/1', () => {})
  const stream = await a.open(b.device, '/atoll/test/1', never)
  expect(stream.path).toBe('direct:tcp')
  await expect(a.open(stranger.device, '/atoll/test/1', never)).rejects.toMatchObject({ code: 'peer_unreachable' })
  expect(found).toEqual([b.device])
})

test('a joiner, who knows nobody, hears who is near; where that is switched off nobody is heard', { timeout: 60_000 }, async () => {
  await using member = await near(() => true)
  await using joiner = await libp2pPeer({ listen: [], lan: () => true })
  await using deaf = await libp2pPeer({ listen: [], lan: () => false })
  expect(await joiner.nearby(never)).toContain(member.device)
  expect(await deaf.nearby(never)).toEqual([])
})

test('H2: a node that misses nobody asks nothing, and what it answers leads to it only', { timeout: 60_000 }, async () => {
  const listener = multicastDns()
  const questions: string[] = []
  const told: string[] = []
  listener.on('query', ({ questions: asked = [] }) => questions.push(...asked.map(({ name }) => name)))
  listener.on('response', ({ answers = [] }) => told.push(...answers.filter(({ type }) => type === 'TXT').flatMap((answer) => ('data' in answer ? [answer.data].flat().map(String) : []))))
  try {
    await using alone = await near(() => true)
    let asked = 0
    const [id = ''] = alone.addresses().map((address) => address.split('/p2p/')[1])
    await until(() => {
      listener.query('_atoll._udp.local', 'PTR')
      asked++
      return told.some((text) => text.endsWith(id))
    }, 'it answers')
    expect(told.filter((text) => text.endsWith(id) && text.includes('127.0.0.1'))).toEqual([])
    const ours = questions.filter((name) => name === '_atoll._udp.local').length
    expect(ours, 'no more were seen than this test asked').toBeLessThanOrEqual(asked)
    await using other = await near(() => true, alone.device)
    await until(() => questions.filter((name) => name === '_atoll._udp.local').length > asked, 'who misses somebody asks')
    expect(other.connected()).toEqual([])
  } finally {
    listener.removeAllListeners()
    listener.destroy()
  }
})

test('T8: answers of any kind do no harm', { timeout: 60_000 }, async () => {
  await using member = await near(() => true)
  await using a = await near(() => true, member.device)
  const forger = multicastDns()
  try {
    for (const data of ['dnsaddr=', 'dnsaddr=/nonsense', `dnsaddr=/ip4/203.0.113.9/tcp/1/p2p/${'1'.repeat(300)}`, '\u0000', 'dnsaddr=/ip4/203.0.113.9/tcp/1']) {
      forger.respond({ answers: [{ name: 'x._atoll._udp.local', type: 'TXT', data: [data] }, { name: '_atoll._udp.local', type: 'PTR', data: 'x._atoll._udp.local' }] })
    }
    member.handle('/atoll/test/1', () => {})
    let found = false
    a.onNearby(() => (found = true))
    await until(() => found, 'the true one is found all the same')
    expect((await a.open(member.device, '/atoll/test/1', never)).path).toBe('direct:tcp')
  } finally {
    forger.destroy()
  }
})
