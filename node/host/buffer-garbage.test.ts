import { expect, test } from 'vitest'
import { BufferGarbage } from './buffer-garbage.ts'

const mb = 1024 * 1024

/** What buffers weigh, and what each collection would leave of it. */
function world(left: { minor: number; major: number }): { garbage: BufferGarbage; pass: (bytes: number) => void; ran: string[]; weighs: (bytes: number) => void } {
  let weight = 0
  const ran: string[] = []
  const garbage = new BufferGarbage(() => weight, (type) => {
    ran.push(type)
    weight = Math.min(weight, left[type])
  })
  return { garbage, ran, weighs: (bytes) => (weight = bytes), pass: (bytes) => garbage.passed(bytes) }
}

test('nothing is collected while buffers weigh little', () => {
  const { pass, ran, weighs } = world({ minor: 0, major: 0 })
  weighs(35 * mb)
  pass(100 * mb)
  expect(ran).toEqual([])
})

test('young buffers are collected first, and all only where that is not enough', () => {
  const young = world({ minor: 2 * mb, major: 0 })
  young.weighs(36 * mb)
  young.pass(8 * mb)
  expect(young.ran).toEqual(['minor'])
  const old = world({ minor: 100 * mb, major: 2 * mb })
  old.weighs(40 * mb)
  old.pass(8 * mb)
  expect(old.ran).toEqual(['minor', 'major'])
})

test('everything is looked through only now and then, however much is in use', () => {
  const { pass, ran, weighs } = world({ minor: 100 * mb, major: 100 * mb })
  weighs(40 * mb)
  for (let i = 0; i < 32; i++) pass(8 * mb)
  expect(ran.filter((type) => type === 'minor')).toHaveLength(32)
  expect(ran.filter((type) => type === 'major')).toHaveLength(4)
})

test('it looks every few megabytes', () => {
  const { pass, ran, weighs } = world({ minor: 0, major: 0 })
  weighs(64 * mb)
  for (let i = 0; i < 15; i++) pass(mb / 2)
  expect(ran).toEqual([])
  pass(mb / 2)
  expect(ran).toEqual(['minor'])
})

test('the engine collects what is given up', () => {
  const garbage = new BufferGarbage()
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 256; i++) {
    new Uint8Array(mb).fill(1)
    garbage.passed(mb)
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * mb)
})
