import { expect, test } from 'vitest'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { AddressBook } from './address-book.ts'
import { deviceToPeerId } from './device-peer-id.ts'

const device = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a' as DeviceId
const other = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c' as DeviceId
const peer = `/p2p/${deviceToPeerId(device).toString()}`
const relay = `/p2p/${deviceToPeerId(other).toString()}`

test('what was learned last is tried first, TCP before WebSocket', () => {
  const book = new AddressBook()
  book.learn(device, ['/ip4/10.0.0.1/tcp/1/ws', '/ip4/10.0.0.1/tcp/2', '/ip4/10.0.0.2/tcp/2'])
  book.learn(device, ['/ip4/10.0.0.3/tcp/3', `/ip4/10.0.0.2/tcp/2${peer}`])
  expect(book.direct(device).map(String)).toEqual(['/ip4/10.0.0.3/tcp/3', '/ip4/10.0.0.2/tcp/2', '/ip4/10.0.0.1/tcp/2', '/ip4/10.0.0.1/tcp/1/ws'].map((address) => address + peer))
})

test('learning says whether there was anything new', () => {
  const book = new AddressBook()
  expect(book.learn(device, ['/ip4/10.0.0.1/tcp/2'])).toBe(true)
  expect(book.learn(device, [`/ip4/10.0.0.1/tcp/2${peer}`])).toBe(false)
  expect(book.learn(device, ['nonsense'])).toBe(false)
})

test('circuits are kept apart, with and without the peer at their end', () => {
  const book = new AddressBook()
  book.learn(device, [`/ip4/10.0.0.9/tcp/9${relay}/p2p-circuit`, `/ip4/10.0.0.8/tcp/9${relay}/p2p-circuit${peer}`])
  expect(book.direct(device)).toEqual([])
  expect(book.relayed(device).map(String)).toEqual([`/ip4/10.0.0.9/tcp/9${relay}/p2p-circuit${peer}`, `/ip4/10.0.0.8/tcp/9${relay}/p2p-circuit${peer}`])
})

test('T8: nonsense, what leads elsewhere, and more than sixteen addresses are not kept', () => {
  const book = new AddressBook()
  book.learn(device, ['', '/', 'nonsense', '/ip4/10.0.0.1/udp/1', `/ip4/10.0.0.1/tcp/1${relay}`, `/ip4/10.0.0.1/tcp/1/${'x'.repeat(1000)}`, '/unix/tmp'])
  expect(book.direct(device)).toEqual([])
  book.learn(device, Array.from({ length: 40 }, (_, i) => `/ip4/10.0.0.1/tcp/${i + 1}`))
  expect(book.direct(device).length).toBe(16)
})
