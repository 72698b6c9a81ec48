import { expect, test } from 'vitest'
import { InboxDouble } from './inbox-double.ts'
import { nextBatch } from './next-batch.ts'

const limits = { messages: 20, lineChars: 490, chars: 1000 }
const signal = new AbortController().signal

test('what waits is taken and shown once', async () => {
  const inbox = new InboxDouble()
  inbox.arrive('one')
  inbox.arrive('two')
  const open = await inbox.open(signal)
  expect(await nextBatch(open, limits, new Set())).toEqual([expect.stringContaining('"one"'), expect.stringContaining('"two"')])
  expect(await nextBatch(open, limits, new Set())).toEqual([])
  expect(inbox.messages).toEqual([])
})

test('a batch keeps to its size; the rest comes with the next', async () => {
  const inbox = new InboxDouble()
  for (let i = 0; i < 6; i++) inbox.arrive(`${i}${'x'.repeat(200)}`)
  const open = await inbox.open(signal)
  const sizes = []
  for (let lines = await nextBatch(open, limits, new Set()); lines.length > 0; lines = await nextBatch(open, limits, new Set())) {
    expect(lines.join('\n').length).toBeLessThanOrEqual(limits.chars)
    sizes.push(lines.length)
  }
  expect(sizes).toEqual([2, 2, 2])
})

test('a long message is announced once and stays for check_messages; what comes after it is shown', async () => {
  const inbox = new InboxDouble()
  inbox.arrive('long '.repeat(1000))
  inbox.arrive('short')
  const open = await inbox.open(signal)
  const announced = new Set<string>()
  expect(await nextBatch(open, limits, announced)).toEqual([expect.stringContaining('"short"')])
  expect(await nextBatch(open, limits, announced)).toEqual([expect.stringContaining('call check_messages')])
  expect(await nextBatch(open, limits, announced)).toEqual([])
  expect(inbox.messages.map(({ id }) => id)).toEqual(['m1'])

  inbox.messages = []
  expect(await nextBatch(open, limits, announced)).toEqual([])
  expect([...announced]).toEqual([])
})

test('announced messages that nobody reads do not hide what comes after them', async () => {
  const inbox = new InboxDouble()
  for (let i = 0; i < 50; i++) inbox.arrive('long '.repeat(1000))
  const open = await inbox.open(signal)
  const announced = new Set<string>()
  while ((await nextBatch(open, limits, announced)).length > 0);
  inbox.arrive('short')
  expect(await nextBatch(open, limits, announced)).toEqual([expect.stringContaining('"short"')])
  expect(inbox.messages).toHaveLength(50)
})

test('where lines may be of any length, a message longer than the batch comes alone', async () => {
  const inbox = new InboxDouble()
  inbox.arrive('long '.repeat(1000))
  inbox.arrive('short')
  const open = await inbox.open(signal)
  const wide = { ...limits, lineChars: Infinity }
  expect((await nextBatch(open, wide, new Set())).length).toBe(1)
  expect(await nextBatch(open, wide, new Set())).toEqual([expect.stringContaining('"short"')])
})

test('a message that somebody else takes meanwhile is not shown here', async () => {
  const inbox = new InboxDouble()
  inbox.arrive('one')
  inbox.arrive('two')
  const open = await inbox.open(signal)
  const rival: typeof open = { ...open, take: async (messages) => open.take(messages.slice(1)) }
  expect(await nextBatch(rival, limits, new Set())).toEqual([expect.stringContaining('"two"')])
})

test('low messages are left for the asking', async () => {
  const inbox = new InboxDouble()
  inbox.arrive('no hurry', { priority: 'low' })
  inbox.arrive('now', { priority: 'now' })
  expect(await nextBatch(await inbox.open(signal), limits, new Set())).toEqual([expect.stringContaining('priority now')])
  expect(inbox.messages.map(({ text }) => text)).toEqual(['no hurry'])
})
