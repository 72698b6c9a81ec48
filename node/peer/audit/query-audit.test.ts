import { expect, test } from 'vitest'
import { readEntry } from '../../../crdt/log/entry.ts'
import { ReplicaWorld } from '../../../test/doubles/replica-world.ts'
import type { AuditQuery } from '../../ports/services.ts'
import { Names } from '../mesh/names.ts'
import { LogTimes } from './log-times.ts'
import { queryAudit, type AuditAnswer } from './query-audit.ts'

const never = new AbortController().signal

test('T8: of a large log only what a page holds is read again, wherever the page stands', async () => {
  const world = new ReplicaWorld('large')
  const alice = await world.found()
  const count = 3_000
  for (let i = 0; i < count; i += 500) await world.done(alice.replica.writeEntries(Array.from({ length: 500 }, (_, n) => [{ type: 'set', doc: 'state', key: `k${i + n}`, value: '1' }])))
  let rows = 0
  const read = alice.store.read.bind(alice.store)
  Object.assign(alice.store, { read: (...given: Parameters<typeof read>) => {
    const found = read(...given)
    rows += found.length
    return found
  } })
  const mesh = { replica: alice.replica, names: new Names(alice.replica), times: new LogTimes(alice.replica) }
  const ask = (query: Partial<AuditQuery>): Promise<AuditAnswer> => world.done(queryAudit(mesh, { newest_first: true, limit: 10, ...query }, alice.runtime, () => undefined, never))
  await ask({})
  rows = 0
  const firsts: (string | undefined)[] = []
  let middle: string | undefined
  for (const query of [{}, { newest_first: false }]) {
    const { entries } = await ask(query)
    firsts.push(entries[0]?.changes[0]?.text)
  }
  expect(firsts).toEqual([`set k${count - 1}`, 'founded the mesh'])
  const [log] = [...alice.replica.logs()].filter(({ type }) => type === 'content')
  const bytes = read(log!.log, count / 2 - 1, 1)[0]!.bytes
  const entry = readEntry(bytes)
  if (entry.ok) middle = entry.entry.id
  expect((await ask({ after: middle })).entries[0]?.changes[0]?.text).toBe(`set k${count / 2 - 2}`)
  expect((await ask({ after: middle, newest_first: false })).entries[0]?.changes[0]?.text).toBe(`set k${count / 2}`)
  // Some blocks, each read up to a page of the store.
  expect(rows).toBeLessThan(count)
})

test('a question can be called off, and says how far it has come', async () => {
  const world = new ReplicaWorld('called-off')
  const alice = await world.found()
  await world.done(alice.replica.writeEntries(Array.from({ length: 1_000 }, (_, n) => [{ type: 'set', doc: 'state', key: `k${n}`, value: '1' }])))
  const mesh = { replica: alice.replica, names: new Names(alice.replica), times: new LogTimes(alice.replica) }
  const calling = new AbortController()
  const heard: number[][] = []
  const asked = queryAudit(mesh, { newest_first: true, limit: 10, kinds: new Set(['file_shared']) }, alice.runtime, (...given) => {
    heard.push(given)
    if (heard.length === 2) calling.abort(new Error('called off'))
  }, calling.signal)
  await expect(world.done(asked)).rejects.toThrow('called off')
  expect(heard).toEqual([[128, 1_000], [256, 1_000]])
})

test('what is not here cannot be gone on from', async () => {
  const world = new ReplicaWorld('unknown')
  const alice = await world.found()
  const mesh = { replica: alice.replica, names: new Names(alice.replica), times: new LogTimes(alice.replica) }
  const asked = queryAudit(mesh, { newest_first: true, limit: 10, after: 'f'.repeat(64) }, alice.runtime, () => undefined, never)
  await expect(world.done(asked)).rejects.toMatchObject({ code: 'entry_unknown' })
})

test('T3: what a role may not write is shown, and that it has no effect', async () => {
  const world = new ReplicaWorld('guest')
  const alice = await world.found()
  const eve = await world.join(alice, 'eve', 'guest')
  const forged = world.forge(eve)
  await world.done(alice.replica.receive([forged.bytes]))
  expect(world.get(alice, 'forged')).toEqual([])
  const mesh = { replica: alice.replica, names: new Names(alice.replica), times: new LogTimes(alice.replica) }
  const { entries } = await world.done(queryAudit(mesh, { newest_first: true, limit: 1, kinds: new Set(['state_set']) }, alice.runtime, () => undefined, never))
  expect(entries).toMatchObject([{ entry: forged.id, changes: [{ text: 'set forged' }], void: 'its author was guest then, and that role does not write this' }])
})
