import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect, test } from 'vitest'
import { toHex, type DeviceId } from '../../../crdt/wire/ids.ts'
import { deviceOfAddress } from './device-of-address.ts'
import { deviceToPeerId, peerIdBytesToDevice, peerIdTextToDevice, peerIdToDevice } from './device-peer-id.ts'

/** RFC 8032, test 1, and what libp2p calls that key. */
const published = { device: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a' as DeviceId, peer: '12D3KooWQK1wnefoLrcVHbbnf5tLzbopUd3K3bFAoJpA7YJgL5pV' }

test('a device and its peer id are the same key', async () => {
  for (let i = 0; i < 20; i++) {
    const key = await generateKeyPair('Ed25519')
    const peer = peerIdFromPrivateKey(key)
    const device = toHex(key.publicKey.raw) as DeviceId
    expect(deviceToPeerId(device).equals(peer)).toBe(true)
    expect(peerIdToDevice(peer)).toBe(device)
    expect(peerIdTextToDevice(peer.toString())).toBe(device)
    expect(peerIdBytesToDevice(peer.toMultihash().bytes)).toBe(device)
  }
})

test('the text of a peer id is fixed', () => {
  expect(deviceToPeerId(published.device).toString()).toBe(published.peer)
  expect(peerIdTextToDevice(published.peer)).toBe(published.device)
})

test('what is no Ed25519 key has no device', async () => {
  const other = peerIdFromPrivateKey(await generateKeyPair('secp256k1'))
  expect(peerIdToDevice(other)).toBeUndefined()
  expect(peerIdBytesToDevice(other.toMultihash().bytes)).toBeUndefined()
  expect(peerIdBytesToDevice(new Uint8Array(38))).toBeUndefined()
  expect(peerIdTextToDevice('nonsense')).toBeUndefined()
  expect(() => deviceToPeerId('ab' as DeviceId)).toThrow(/key/i)
  expect(() => deviceToPeerId('not hex' as DeviceId)).toThrow(/hex/)
})

test('an address names a device only where it leads straight to it', () => {
  expect(deviceOfAddress(`/ip4/127.0.0.1/tcp/1/p2p/${published.peer}`)).toBe(published.device)
  expect(deviceOfAddress(`/dns/relay.example.org/tcp/443/tls/ws/p2p/${published.peer}`)).toBe(published.device)
  const others = ['/ip4/127.0.0.1/tcp/1', `/p2p/${published.peer}`, `/ip4/127.0.0.1/tcp/1/p2p/${published.peer}/p2p-circuit/p2p/${published.peer}`, 'nonsense', '']
  expect(others.map(deviceOfAddress)).toEqual(others.map(() => undefined))
})
