import { expect, test } from 'vitest'
import { CircuitTable, type CircuitSlot } from './circuit-table.ts'
import { defaultLimits } from './relay-limits.ts'

const reason = (slot: CircuitSlot): string => (slot.ok ? 'open' : slot.reason)
const release = (slot: CircuitSlot): void => {
  if (slot.ok) slot.release()
}

test('T8: a peer opens as many circuits as allowed, and others are unaffected', () => {
  const table = new CircuitTable({ ...defaultLimits, circuitsPerPeer: 2 })
  const first = table.open('alice', 'bob')
  expect([first, table.open('alice', 'carol'), table.open('alice', 'dave'), table.open('eve', 'bob')].map(reason)).toEqual(['open', 'open', 'circuits_per_peer', 'open'])
  release(first)
  expect(reason(table.open('alice', 'dave'))).toBe('open')
})

test('T8: one peer cannot fill what is opened to another', () => {
  const table = new CircuitTable({ ...defaultLimits, circuitsToPeer: 3, circuitsPerPair: 2 })
  expect(['mallory', 'mallory', 'mallory', 'alice', 'bob'].map((from) => reason(table.open(from, 'victim')))).toEqual(['open', 'open', 'circuits_per_pair', 'open', 'circuits_to_peer'])
})

test('T8: the relay as a whole has an end', () => {
  const table = new CircuitTable({ ...defaultLimits, circuits: 1 })
  const first = table.open('a', 'b')
  expect(reason(table.open('c', 'd'))).toBe('circuits_full')
  release(first)
  expect(reason(table.open('c', 'd'))).toBe('open')
})

test('a slot is given back once, however often it is released', () => {
  const table = new CircuitTable(defaultLimits)
  const [first] = [table.open('a', 'b'), table.open('a', 'b')]
  release(first)
  release(first)
  expect(table.size).toBe(1)
})
