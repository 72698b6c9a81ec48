import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { everyFamily, httpUrl, listenMultiaddr, parseAnnounce, parseHostPort, reachableAddresses, stunAddresses } from './relay-addresses.ts'

const peer = '12D3KooWBTSh53Q2khHa2xAhMnU1yx12e4Z4oZHb6JoJtWkUZ37g'
const other = '12D3KooWAPTECtsvmM9gevN3W1QBGG51xWS7jtRgZhgYX11frvAe'

test('a place to listen is an IP address and a port', () => {
  expect(['0.0.0.0:4001', '[::]:0', 'localhost:65535'].map(parseHostPort)).toEqual([{ host: '0.0.0.0', port: 4001 }, { host: '::', port: 0 }, { host: '127.0.0.1', port: 65535 }])
  expect(['0.0.0.0:4001', '[::1]:5'].map(parseHostPort).map((at) => [listenMultiaddr(at, 'tcp'), listenMultiaddr(at, 'ws')]))
    .toEqual([['/ip4/0.0.0.0/tcp/4001', '/ip4/0.0.0.0/tcp/4001/ws'], ['/ip6/::1/tcp/5', '/ip6/::1/tcp/5/ws']])
  expect(['0.0.0.0:80', '[::]:80', '10.0.0.1:80'].map(parseHostPort).map(httpUrl)).toEqual(['http://127.0.0.1:80', 'http://[::1]:80', 'http://10.0.0.1:80'])
})

test.each(['', '4001', '0.0.0.0', ':4001', 'example.org:4001', '0.0.0.0:65536', '0.0.0.0:-1', '::1:4001', '0.0.0.0:4001/tcp'])('H1: listening on "%s" is refused in words', (text) => {
  expect(() => parseHostPort(text)).toThrow(/is not an address the relay can use: .+/)
})

test('what is announced is a multiaddr or HOST:PORT', () => {
  const read = (text: string): string => parseAnnounce(text, peer)
  expect(read('relay.example.org:4001')).toBe('/dns/relay.example.org/tcp/4001')
  expect(read('203.0.113.7:4001')).toBe('/ip4/203.0.113.7/tcp/4001')
  expect(read('[2001:db8::1]:4001')).toBe('/ip6/2001:db8::1/tcp/4001')
  expect(read('/dns/relay.example.org/tcp/443/tls/ws')).toBe('/dns/relay.example.org/tcp/443/tls/ws')
  expect(read(`/ip4/203.0.113.7/tcp/4001/p2p/${peer}`)).toBe('/ip4/203.0.113.7/tcp/4001')
})

test.each(['', 'relay.example.org', '/ip4/203.0.113.7', '/nonsense/1', `/ip4/203.0.113.7/tcp/4001/p2p/${other}`])('H1: announcing "%s" is refused in words', (text) => {
  expect(() => parseAnnounce(text, peer)).toThrow(/is not an address the relay can use: .+/)
})

test('the best addresses come first, loopback only where there is nothing else', () => {
  const order = (...texts: string[]) => reachableAddresses(texts.map((text) => multiaddr(text)))
  expect(order('/ip4/127.0.0.1/tcp/1', '/ip4/10.0.0.1/tcp/1/ws', '/ip4/10.0.0.1/tcp/1', '/ip4/8.8.8.8/tcp/1/ws', '/ip6/fd00::1/tcp/1'))
    .toEqual(['/ip4/8.8.8.8/tcp/1/ws', '/ip4/10.0.0.1/tcp/1', '/ip6/fd00::1/tcp/1', '/ip4/10.0.0.1/tcp/1/ws'])
  expect(order('/ip4/127.0.0.1/tcp/2/ws', '/ip4/127.0.0.1/tcp/1')).toEqual(['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/2/ws'])
})

test('[::] is a listener for each family that the machine has', () => {
  expect(everyFamily({ host: '::', port: 4 }, true)).toEqual([{ host: '0.0.0.0', port: 4 }, { host: '::', port: 4 }])
  expect(everyFamily({ host: '::', port: 4 }, false)).toEqual([{ host: '0.0.0.0', port: 4 }])
  expect(everyFamily({ host: '0.0.0.0', port: 4 }, true)).toEqual([{ host: '0.0.0.0', port: 4 }])
})

test('STUN is where the addresses are, each host once', () => {
  expect(stunAddresses(['/ip4/8.8.8.8/tcp/1', '/ip4/8.8.8.8/tcp/2/ws', '/dns/relay.example.org/tcp/443/tls/ws'], [1, 2])).toEqual(['/ip4/8.8.8.8/udp/1', '/ip4/8.8.8.8/udp/2', '/dns/relay.example.org/udp/1', '/dns/relay.example.org/udp/2'])
})
