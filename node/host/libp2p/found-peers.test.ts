import { expect, test } from 'vitest'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { FoundPeers } from './found-peers.ts'

const [north, south, ann, bob] = ['north', 'south', 'ann', 'bob'] as unknown as readonly DeviceId[] as readonly [DeviceId, DeviceId, DeviceId, DeviceId]

test('what several relays say is told as one, and only when it changes', () => {
  const told: string[] = []
  const found = new FoundPeers((code, peers) => told.push(`${code}: ${peers.join(' ')}`))
  found.answer(north, 'c', [])
  found.answer(north, 'c', [bob])
  found.answer(south, 'c', [bob])
  found.answer(south, 'c', [ann, bob])
  found.answer(north, 'c', [])
  found.forget(south)
  expect(told).toEqual(['c: bob', 'c: ann bob', 'c: '])
})

test('a code that is left and taken up again is told anew', () => {
  const told: string[] = []
  const found = new FoundPeers((code, peers) => told.push(`${code}: ${peers.join(' ')}`))
  found.answer(north, 'c', [bob])
  found.keep([])
  found.answer(north, 'c', [bob])
  expect(told).toEqual(['c: bob', 'c: bob'])
})
