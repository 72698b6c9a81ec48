/** Messages and receipts fold to the same tables in any order, with duplicates. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { messagePayload, type MessagePayload, type ReceiptPayload } from '../../crdt/docs/change.ts'
import { foldMessage, foldReceipt, idOfMessageKey, isFor, messageIds, messageKey, readMessage, receiptMark, type Origin } from '../../crdt/docs/messages.ts'
import { encode } from '../../crdt/wire/codec.ts'
import type { DeviceId, EntryId, LogId, MemberId } from '../../crdt/wire/ids.ts'
import { createMemoryStore } from '../../node/peer/memory-store.ts'
import { Staging } from '../../node/peer/staging.ts'
import { holds, patience } from './runs.ts'

const hex = (value: number, length: number): string => value.toString(16).padStart(2 * length, '0')
const device = (n: number): DeviceId => hex(n + 1, 32) as DeviceId
const member = (n: number): MemberId => hex(n + 0x100, 32) as MemberId
const log = (n: number): LogId => hex(n + 1, 16) as LogId
const reader = { device: device(0), member: member(0) }

const target = fc.oneof(
  fc.constant({ type: 'all' as const }),
  fc.nat(1).map((n) => ({ type: 'member' as const, member: member(n) })),
  fc.nat(1).map((n) => ({ type: 'session' as const, device: device(n), session: 's' })),
)
/** Few devices and ids, so that they clash; some ids are another device's. */
const sent = fc.record({ author: fc.nat(2), maker: fc.nat(2), random: fc.nat(1), targets: fc.array(target, { maxLength: 2 }), ms: fc.nat(2), counter: fc.nat(1), text: fc.constantFrom('a', 'b') })

interface Sent {
  readonly message: MessagePayload
  readonly origin: Origin
}

const earlier = (a: Sent, b: Sent): number => a.origin.clock.ms - b.origin.clock.ms || a.origin.clock.counter - b.origin.clock.counter || (a.origin.entry < b.origin.entry ? -1 : 1)

test('C1: messages come to the same rows and the same inbox in any order, duplicates and stolen ids included', patience, () => {
  const plan = fc.array(sent, { maxLength: 10 }).chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray([...all.keys(), ...all.keys()], { minLength: all.length * 2, maxLength: all.length * 2 })))
  holds(fc.property(plan, ([all, order]) => {
    const messages: Sent[] = all.map(({ author, maker, random, targets, ms, counter, text }, i) => ({
      message: { id: messageIds.make(device(maker), new Uint8Array(6).fill(random)), session: '', targets, priority: 'next', replyTo: undefined, text },
      origin: { entry: hex((i * 7919) % 1009, 32) as EntryId, device: device(author), member: member(author), log: log(author), seq: i + 1, clock: { ms, counter } },
    }))
    const store = createMemoryStore()
    const staging = new Staging(store)
    const news = order.flatMap((at) => (foldMessage(staging, messages[at]!.message, encode(messagePayload, messages[at]!.message), messages[at]!.origin, reader) ? [messages[at]!] : []))
    expect(news.every(({ message }) => isFor(message, reader))).toBe(true)
    staging.commit()
    const byId = Map.groupBy(messages.filter(({ message, origin }) => messageIds.isOf(message.id, origin.device)), ({ message }) => message.id)
    const winners = [...byId.values()].map((rivals) => rivals.toSorted(earlier)[0]!)
    expect(store.count('message')).toBe(winners.length)
    for (const { message, origin } of winners) expect(readMessage(store, message.id)).toMatchObject({ entry: origin.entry, device: origin.device, message: { text: message.text } })
    const rows = winners.map(({ message, origin }) => messageKey(origin.clock, message.id)).sort()
    expect(store.scan('message', { limit: 100 }).map(([key]) => key)).toEqual(rows)
    expect(rows.map(idOfMessageKey).every((id) => byId.has(id))).toBe(true)
    expect(store.count('messageTime')).toBe(rows.length)
  }), 300)
})

test('C1: keys of messages sort as clocks do', patience, () => {
  const clock = fc.record({ ms: fc.oneof(fc.nat(3), fc.maxSafeNat()), counter: fc.oneof(fc.nat(3), fc.maxSafeNat()) })
  holds(fc.property(clock, clock, (a, b) => {
    const later = a.ms - b.ms || a.counter - b.counter
    expect(Math.sign(later)).toBe(messageKey(a, 'x') < messageKey(b, 'x') ? -1 : messageKey(a, 'x') > messageKey(b, 'x') ? 1 : 0)
  }), 500)
})

test('C1: receipts are the highest that was said, in any order', patience, () => {
  const receipt = fc.record({ device: fc.nat(1), state: fc.constantFrom('reached', 'shown', 'read'), logs: fc.array(fc.record({ log: fc.nat(1).map(log), seq: fc.nat(5) }), { maxLength: 3 }) })
  holds(fc.property(fc.array(receipt, { maxLength: 10 }), (receipts) => {
    const staging = new Staging(createMemoryStore())
    for (const { device: n, state, logs } of [...receipts, ...receipts.toReversed()]) foldReceipt(staging, { state, logs } as ReceiptPayload, device(n))
    for (const n of [0, 1]) for (const state of ['reached', 'shown', 'read']) for (const l of [0, 1]) {
      const said = receipts.filter((one) => one.device === n && one.state === state).flatMap(({ logs }) => logs).filter((one) => one.log === log(l))
      expect(receiptMark(staging, log(l), device(n), state)).toBe(Math.max(0, ...said.map(({ seq }) => seq)))
    }
  }), 200)
})
