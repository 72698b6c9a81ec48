import { createEncoder, toUint8Array, writeUint8, writeVarInt, writeVarUint, writeVarUint8Array } from 'lib0/encoding'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { limits } from '../../../crdt/wire/limits.ts'
import { applyBounded } from './bounded-update.ts'

/** An update of version 2 that says it has so many parts of one byte each, which are written once and repeated. */
function bomb(parts: number): Uint8Array {
  const column = (write: (to: ReturnType<typeof createEncoder>) => void): Uint8Array => {
    const to = createEncoder()
    write(to)
    return toUint8Array(to)
  }
  const empty = new Uint8Array()
  const whole = createEncoder()
  writeVarUint(whole, 0)
  writeVarUint8Array(whole, empty) // keys
  writeVarUint8Array(whole, column((to) => writeVarInt(to, 7))) // one client
  writeVarUint8Array(whole, empty)
  writeVarUint8Array(whole, empty)
  writeVarUint8Array(whole, column((to) => writeUint8(to, 0))) // kind 0, collected garbage, for ever
  writeVarUint8Array(whole, column((to) => writeVarUint8Array(to, empty)))
  writeVarUint8Array(whole, empty)
  writeVarUint8Array(whole, empty)
  writeVarUint8Array(whole, column((to) => (writeVarInt(to, -1), writeVarUint(to, 2 ** 31)))) // length 1, as often as is asked
  writeVarUint(whole, 1)
  writeVarUint(whole, parts)
  writeVarUint(whole, 0)
  writeVarUint(whole, 0) // nothing deleted
  return toUint8Array(whole)
}

test('T8: an update that stands for more parts than it has bytes is refused before any of it is applied', () => {
  const within = new Y.Doc()
  expect(applyBounded(within, bomb(1024))).toBe(true)
  expect(Y.getState(within.store, 7)).toBe(1024)
  for (const parts of [1024 + bomb(2000).length + 1, 1e6, 2 ** 31]) {
    const doc = new Y.Doc()
    expect(bomb(parts).length).toBeLessThan(64)
    expect(applyBounded(doc, bomb(parts))).toBe(false)
    expect(doc.store.clients.size).toBe(0)
  }
})

test('what people write is within the bound, however it was merged', () => {
  const doc = new Y.Doc()
  const text = doc.getText('t')
  const updates: Uint8Array[] = []
  doc.on('updateV2', (update: Uint8Array) => updates.push(update))
  // Hardly two of these insertions can be one part: each stands before the one that came before it.
  for (let i = 0; i < 5000; i++) text.insert(0, 'x')
  for (let i = 0; i < 2000; i++) text.delete(i, 1)
  for (const update of [Y.encodeStateAsUpdateV2(doc), Y.mergeUpdatesV2(updates)]) {
    const other = new Y.Doc()
    expect(applyBounded(other, update)).toBe(true)
    expect(other.getText('t').length).toBe(text.length)
  }
  expect(limits.partsOfDocument).toBeGreaterThan(260_000)
})

test('what is no update changes nothing', () => {
  const doc = new Y.Doc()
  for (const bytes of [new Uint8Array(), Uint8Array.of(255), Uint8Array.of(0, 1, 2, 3)]) expect(applyBounded(doc, bytes)).toBe(false)
  expect(doc.store.clients.size).toBe(0)
})
