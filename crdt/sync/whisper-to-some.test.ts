import { expect, test } from 'vitest'
import { signingPair, verify } from '../crypto/sign.ts'
import { KeyWrapper, sealingPair } from '../crypto/wrap.ts'
import type { MeshId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { openWhisperTo, sealWhisperTo, slotBytes } from './whisper-to-some.ts'

const mesh = '5e'.repeat(32) as MeshId
const alice = signingPair(new Uint8Array(32).fill(1))
const hearers = Array.from({ length: limits.slotsPerWhisper + 1 }, (_, i) => new KeyWrapper(sealingPair(new Uint8Array(32).fill(i + 10))))
const boot = new KeyWrapper(sealingPair(new Uint8Array(32).fill(2)))
let drawn = 0
const random = (length: number): Uint8Array => new Uint8Array(length).fill(++drawn)
const said = { boot: new Uint8Array(8), counter: 1, plain: Uint8Array.of(1, 2, 3) }
const seal = (count: number): Uint8Array => sealWhisperTo(mesh, said, hearers.slice(0, count).map(({ publicKey }) => publicKey), boot, alice, random)

test('T8: so many hear one whisper and no more', () => {
  const frame = seal(limits.slotsPerWhisper)
  for (const [i, hearer] of hearers.entries()) expect(openWhisperTo(mesh, frame, hearer, verify)?.counter, `${i}`).toBe(i < limits.slotsPerWhisper ? 1 : undefined)
  expect(() => seal(limits.slotsPerWhisper + 1)).toThrow('16')
  const slots = 32 + 32 + 24 + 1
  expect(frame[slots - 1]).toBe(limits.slotsPerWhisper)
  const longer = Uint8Array.from([...frame.slice(0, slots - 1), limits.slotsPerWhisper + 1, ...frame.slice(slots, slots + slotBytes), ...frame.slice(slots)])
  const asked: string[] = []
  const isNews = (): boolean => asked.push('read') > 0
  openWhisperTo(mesh, frame, hearers[0]!, verify, isNews)
  openWhisperTo(mesh, longer, hearers[0]!, verify, isNews)
  expect(asked, 'the longer one does not even decode').toEqual(['read'])
})

test('T8: what is no news is not opened, and a key of low order hears nothing', () => {
  expect(openWhisperTo(mesh, seal(1), hearers[0]!, verify, () => false)).toBeUndefined()
  const frame = sealWhisperTo(mesh, said, ['00'.repeat(32) as typeof boot.publicKey, hearers[0]!.publicKey], boot, alice, random)
  expect(openWhisperTo(mesh, frame, hearers[0]!, verify)?.plain).toEqual(said.plain)
})

test('G2: nobody hands on what was said to it as if it had been said to another', () => {
  const frame = seal(1)
  const other = sealWhisperTo(mesh, said, [hearers[1]!.publicKey], boot, alice, random)
  // The slot of one with the rest of the other: whoever was let in by the first opens nothing of the second.
  const slots = 32 + 32 + 24 + 1
  const mixed = Uint8Array.from([...other.slice(0, slots), ...frame.slice(slots, slots + slotBytes), ...other.slice(slots + slotBytes)])
  for (const hearer of hearers.slice(0, 2)) expect(openWhisperTo(mesh, mixed, hearer, verify)).toBeUndefined()
})
