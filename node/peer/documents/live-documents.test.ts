/** Live documents on replicas: what is committed is shown, in whatever order and parts it came, and nothing else. */
import { expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { silentLog } from '../../ports/log.ts'
import { ReplicaWorld, type Actor } from '../../../test/doubles/replica-world.ts'
import { LiveDocuments } from './live-documents.ts'
import type { LiveDocument } from './live-document.ts'

const id = 'd'.repeat(32)
const textOf = (document: LiveDocument): string | undefined => document.text('content')

async function pair(): Promise<{ world: ReplicaWorld; alice: Actor; bob: Actor; open: (who: Actor) => LiveDocument }> {
  const world = new ReplicaWorld(3)
  const alice = await world.found()
  const bob = await world.join(alice, 'bob')
  await world.exchange(alice, bob)
  const open = (who: Actor): LiveDocument => new LiveDocuments({ replica: who.replica, random: who.runtime.random, log: silentLog, whisper: () => undefined }).hold(id).document
  return { world, alice, bob, open }
}

test('C1: two who edit apart read the same when they meet, and each sees what came meanwhile', async () => {
  const { world, alice, bob, open } = await pair()
  const [a, b] = [open(alice), open(bob)]
  await world.done(a.edit((doc) => doc.getText('content').insert(0, 'shared ')))
  await world.exchange(alice, bob)
  expect(textOf(b)).toBe('shared ')
  await world.done(a.edit((doc) => doc.getText('content').insert(0, 'left ')))
  await world.done(b.edit((doc) => doc.getText('content').insert(7, 'right')))
  await world.exchange(bob, alice)
  expect([textOf(a), textOf(b)]).toEqual(['left shared right', 'left shared right'])
  // Who opens it now reads it from the store.
  expect(textOf(open(alice))).toBe('left shared right')
})

test('an editor’s updates are shown once they are committed, and merged where they queue', async () => {
  const { world, alice, open } = await pair()
  const document = open(alice)
  const editor = new Y.Doc()
  const updates: Uint8Array[] = []
  editor.on('update', (update: Uint8Array) => updates.push(update))
  for (const letter of 'typing') editor.getText('content').insert(editor.getText('content').length, letter)
  const seen = vi.fn()
  document.onUpdate(seen)
  const before = alice.replica.log([...alice.replica.logs()].find(({ type, device }) => type === 'content' && device === alice.identity.device)?.log as never)?.seq ?? 0
  const written = updates.map((update) => document.write(update))
  expect(textOf(document)).toBe('')
  await world.done(Promise.all(written))
  expect(textOf(document)).toBe('typing')
  const after = [...alice.replica.logs()].find(({ type, device }) => type === 'content' && device === alice.identity.device)?.seq ?? 0
  expect(after - before).toBe(1)
  const other = new Y.Doc()
  for (const [update] of seen.mock.calls as [Uint8Array][]) Y.applyUpdate(other, update)
  expect(other.getText('content').toJSON()).toBe('typing')
})

test('T8: what is no update is refused, and one that a peer wrote is passed over', async () => {
  const { world, alice, bob, open } = await pair()
  const document = open(alice)
  const good = new Y.Doc()
  good.getText('content').insert(0, 'good, and ')
  const [bad, beside] = [document.write(Uint8Array.of(255, 255, 255, 255)), document.write(Y.encodeStateAsUpdate(good))]
  await expect(world.done(bad)).rejects.toMatchObject({ code: 'bad_input' })
  await world.done(beside)
  await world.done(bob.replica.write([{ type: 'update', doc: id, part: 0, of: 1, bytes: Uint8Array.of(255, 1, 2) }]))
  // Nor does a document whose name begins like this one's rows add anything to it.
  await world.done(bob.replica.write([{ type: 'update', doc: `${id}\0`, part: 0, of: 1, bytes: Y.encodeStateAsUpdateV2(good) }]))
  await world.exchange(alice, bob)
  expect(alice.store.scan('update', { prefix: id, limit: 9 })).toHaveLength(2)
  await world.done(document.edit((doc) => doc.getText('content').insert(10, 'still here')))
  expect(textOf(document)).toBe('good, and still here')
  expect(textOf(open(alice))).toBe('good, and still here')
})

test('a long update travels in parts, and is nothing until the last has come', async () => {
  const { world, alice, bob, open } = await pair()
  const [a, b] = [open(alice), open(bob)]
  const long = 'a long line of text, over and over. '.repeat(20_000)
  await world.done(a.edit((doc) => doc.getText('content').insert(0, long)))
  const log = [...alice.replica.logs()].find(({ type, device }) => type === 'content' && device === alice.identity.device)!
  expect(log.seq).toBeGreaterThan(4)
  for (let seq = 0; seq < log.seq; seq++) {
    expect(textOf(b)).toBe('')
    await world.done(bob.replica.receive(alice.replica.readRun(log.log, seq, 1).slice(0, 1)))
  }
  await world.exchange(alice, bob)
  expect(textOf(b)).toBe(long)
})

test('many updates become a snapshot, and nothing is lost by it', async () => {
  const { world, alice, bob, open } = await pair()
  const [a, b] = [open(alice), open(bob)]
  for (let i = 0; i < 700; i++) await world.done(a.edit((doc) => doc.getText('content').insert(0, `${i} `)))
  expect(alice.store.count('update')).toBeLessThan(300)
  expect(alice.store.get('snapshot', id)).toBeDefined()
  await world.exchange(alice, bob)
  expect(textOf(b)).toBe(textOf(a))
  expect(textOf(open(alice))).toBe(textOf(a))
  await world.done(alice.replica.rebuild())
  expect(alice.store.get('snapshot', id)).toBeUndefined()
  expect(textOf(open(alice))).toBe(textOf(b))
})

test('few long updates become a snapshot too', async () => {
  const { world, alice, open } = await pair()
  const a = open(alice)
  const write = (): Promise<void> => world.done(a.edit((doc) => doc.getText('content').insert(0, 'x'.repeat(100_000))))
  for (let i = 0; i < 2; i++) await write()
  expect(alice.store.get('snapshot', id)).toBeUndefined()
  await write()
  await write()
  expect(alice.store.get('snapshot', id)).toBeDefined()
  expect(textOf(open(alice))).toBe('x'.repeat(400_000))
})

test('T4: what a removed author wrote falls, unless somebody built on it', async () => {
  const { world, alice, bob, open } = await pair()
  const carol = await world.join(alice, 'carol')
  await world.exchange(alice, bob, carol)
  const grant = carol.replica.grant()
  await world.done(open(bob).edit((doc) => doc.getText('content').insert(0, 'kept ')))
  await world.exchange(alice, bob, carol)
  // Alice removes Bob without having seen what he writes now; Carol builds on one of the two things.
  await world.done(alice.replica.operate(() => [{ type: 'remove', grant: alice.replica.grant(), member: bob.member, pins: [...alice.replica.logs()].filter(({ device }) => device === bob.identity.device).map(({ log, seq, id: last }) => ({ log, seq, id: last })) }] as never))
  await world.done(open(bob).edit((doc) => doc.getText('content').insert(5, 'built upon ')))
  await world.deliver(bob, carol)
  await world.done(open(carol).edit((doc) => doc.getText('content').insert(doc.getText('content').length, 'by carol')))
  const lost = open(bob)
  await world.done(lost.edit((doc) => doc.getText('content').insert(0, 'lost ')))
  await world.exchange(alice, carol)
  await world.deliver(bob, carol)
  await world.exchange(alice, carol)
  expect(grant).toBeDefined()
  expect(textOf(open(alice))).toBe('kept built upon by carol')
  expect(textOf(open(carol))).toBe('kept built upon by carol')
})
