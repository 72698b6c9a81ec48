import { expect, test } from 'vitest'
import { ReplicaWorld, setChange, shown } from '../doubles/replica-world.ts'
import { encode } from '../../crdt/wire/codec.ts'
import { kinds, messagePayload } from '../../crdt/docs/change.ts'
import { readMessage } from '../../crdt/docs/messages.ts'
import type { EntryId } from '../../crdt/wire/ids.ts'

const message = (id: string, text: string) => ({ id, session: '', targets: [{ type: 'all' as const }], priority: 'next' as const, replyTo: undefined, text })

test('F2 message id theft', async () => {
  const w = new ReplicaWorld(1)
  const alice = await w.found()
  const eve = await w.join(alice, 'eve')
  const carol = await w.join(alice, 'carol')
  await w.exchange(alice, eve, carol)
  const id = 'ab'.repeat(16)
  await w.done(alice.replica.write([{ type: 'message', message: message(id, 'from alice'), audience: 'all' }]))
  await w.exchange(alice, carol)
  const before = readMessage(carol.store, id)
  const theft = w.forge(eve, { clock: { ms: 0, counter: 0 }, changes: [{ kind: kinds.message, doc: '', deps: [], payload: encode(messagePayload, message(id, 'from eve')) }] })
  await w.done(carol.replica.receive([theft.bytes]))
  console.log(before?.message.text, before?.device === alice.identity.device, '->', readMessage(carol.store, id)?.message.text, readMessage(carol.store, id)?.device === alice.identity.device, carol.store.count('inbox'))
})
test('C1 one key twice in one entry', async () => {
  const w = new ReplicaWorld(1)
  const alice = await w.found()
  const bob = await w.join(alice, 'bob')
  const eve = await w.join(alice, 'eve')
  const e = w.forge(eve, { changes: [setChange('k', 1), setChange('k', 2)] })
  const f = w.forge(eve, { changes: [setChange('k', 3, [e.id])] })
  for (const x of [e, f]) await w.done(alice.replica.receive([x.bytes]))
  for (const x of [f, e]) await w.done(bob.replica.receive([x.bytes]))
  console.log('same?', w.get(alice, 'k'), w.get(bob, 'k'))
})
test('clock counter', async () => {
  const w = new ReplicaWorld(1)
  const alice = await w.found()
  const eve = await w.join(alice, 'eve')
  const e = w.forge(eve, { clock: { ms: alice.runtime.clock.now() + 50_000, counter: Number.MAX_SAFE_INTEGER } })
  await w.done(alice.replica.receive([e.bytes]))
  console.log('write', await w.set(alice, 'k', 1).catch(String))
  console.log('after', alice.replica.storage, await w.set(alice, 'k', 1).catch(String))
})
test('row over 4096', async () => {
  const w = new ReplicaWorld(1)
  const alice = await w.found()
  const eve = await w.join(alice, 'eve')
  await w.exchange(alice, eve)
  const log = 'cd'.repeat(16) as never
  const all = []
  let before: EntryId | undefined
  for (let seq = 1; seq <= 4100; seq++) {
    const e = w.forge(eve, { log, seq, previous: before, frontier: seq === 1 ? eve.replica.membership.frontier() : undefined, changes: [setChange('k', seq)] })
    before = e.id
    all.push(e.bytes)
  }
  console.log('first', (await w.done(alice.replica.receive(all.slice(0, 4000)))).placed)
  console.log('rest', await w.done(alice.replica.receive(all.slice(4000))).catch(String), alice.replica.log(log)?.seq, alice.store.logs().length)
  await w.done(alice.replica.close())
  alice.store.reopen()
  console.log('rebuild', await w.done(w.open(alice).rebuild()).catch(String))
})
