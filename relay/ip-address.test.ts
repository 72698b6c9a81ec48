import { expect, test } from 'vitest'
import { addressGroup, canonicalAddress, isLoopback } from './ip-address.ts'

test('an address has one spelling', () => {
  expect(['10.0.0.1', '::ffff:10.0.0.1', '::FFFF:10.0.0.1', '2001:DB8:0:0::1', 'fe80::1%eth0', 'x:y'].map(canonicalAddress))
    .toEqual(['10.0.0.1', '10.0.0.1', '10.0.0.1', '2001:db8::1', 'fe80::1', 'x:y'])
  expect(['127.0.0.9', '::1', '10.0.0.1'].map(isLoopback)).toEqual([true, true, false])
})

test('T8: IPv6 counts by /64, IPv4 by address', () => {
  expect(['10.0.0.1', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::9', '2001:db8::1', '::1'].map(addressGroup))
    .toEqual(['10.0.0.1', '2001:db8:1:2::/64', '2001:db8:1:2::/64', '2001:db8:0:0::/64', '0:0:0:0::/64'])
})
