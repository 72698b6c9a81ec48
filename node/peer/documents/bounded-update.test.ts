import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { limits } from '../../../crdt/wire/limits.ts'
import { expandingUpdate } from '../../../test/doubles/expanding-update.ts'
import { applyBounded } from './bounded-update.ts'

test('T8: an update that stands for more parts than it has bytes is refused before any of it is applied', () => {
  const within = new Y.Doc()
  expect(applyBounded(within, expandingUpdate(1024))).toBe(true)
  expect(Y.getState(within.store, 7)).toBe(1024)
  for (const parts of [1024 + expandingUpdate(2000).length + 1, 1e6, 2 ** 31]) {
    const doc = new Y.Doc()
    expect(expandingUpdate(parts).length).toBeLessThan(64)
    expect(applyBounded(doc, expandingUpdate(parts))).toBe(false)
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
