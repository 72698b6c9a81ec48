import { Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { limits } from '../../../crdt/wire/limits.ts'
import type { LiveDocument } from './live-document.ts'
import { Room } from './room.ts'

/** Cursors of so many editors that nobody has heard of, as a peer whispers them. */
function cursors(from: number, count: number): Uint8Array {
  const awareness = new Awareness(new Y.Doc())
  for (let i = 0; i < count; i++) {
    awareness.states.set(from + i, { name: 'x' })
    awareness.meta.set(from + i, { clock: 1, lastUpdated: 0 })
  }
  const update = encodeAwarenessUpdate(awareness, Array.from({ length: count }, (_, i) => from + i))
  awareness.destroy()
  return update
}

test('T8: peers that invent editors are heard up to a bound', () => {
  const doc = new Y.Doc()
  const nothing = { [Symbol.dispose]: (): void => {} }
  const document = { doc, onUpdate: () => nothing, onClose: () => nothing } as unknown as LiveDocument
  using room = new Room({ document, whisper: () => {}, mayWrite: () => true, failed: () => {} })
  const shown = new Set<number>()
  const sent: Uint8Array[] = []
  room.join({ send: (bytes) => void sent.push(bytes), close: () => {} })
  const before = sent.length
  for (let i = 0; i * 100 < limits.cursorsPerDocument + 500; i++) {
    const told = sent.length
    room.hear(cursors(1 + i * 100, 100))
    if (sent.length > told) shown.add(i)
  }
  expect(sent.length).toBeGreaterThan(before)
  expect(shown.size).toBe(limits.cursorsPerDocument / 100)
})
