import { expect, test } from 'vitest'
import { kinds, messagePayload, type Change } from '../../../crdt/docs/change.ts'
import { fileIds, filePayload, type FilePayload } from '../../../crdt/docs/files.ts'
import { messageIds } from '../../../crdt/docs/messages.ts'
import { updatePayload } from '../../../crdt/docs/updates.ts'
import { profileRegister } from '../../../crdt/docs/need.ts'
import { contentPermissions, encodePolicy, type Choice, type ContentPermission, type Policy, type ProfileField } from '../../../crdt/members/policy.ts'
import { encode } from '../../../crdt/wire/codec.ts'
import type { EntryId } from '../../../crdt/wire/ids.ts'
import { ReplicaWorld, setChange, shown, type Actor } from '../../../test/doubles/replica-world.ts'
import { AtollError } from '../../ports/errors.ts'

const codeOf = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'done', (error: unknown) => (error instanceof AtollError ? error.code : String(error)))

/** A steward says a policy. */
async function say(world: ReplicaWorld, by: Actor, policy: Policy): Promise<EntryId> {
  const [id] = await world.done(by.replica.operate(() => [{ type: 'policy', grant: by.replica.grant(), payload: encodePolicy(policy) }]))
  return id as EntryId
}
const except = (world: ReplicaWorld, by: Actor, who: Actor, permission: ContentPermission, choice: Choice): Promise<EntryId> => say(world, by, { type: 'except', member: who.member, permission, choice })

const promote = (world: ReplicaWorld, by: Actor, who: Actor): Promise<unknown> => world.done(by.replica.operate(() => [{ type: 'promote', grant: by.replica.grant(), member: who.member, role: 'admin', devices: [who.identity.device] }]))

/** One change of every sort that a permission stands before. */
function everything(who: Actor): Readonly<Record<ContentPermission, Change>> {
  const random = who.runtime.random
  const file = { id: fileIds.make(who.member, random.bytes(6)), name: 'chart', tags: [], root: { id: 'ab'.repeat(32), hash: new Uint8Array(32), length: 1, depth: 0 }, key: new Uint8Array(32), expires: undefined } as unknown as FilePayload
  return {
    'state.write': setChange('k', 1),
    'memory.write': setChange('note', { text: 'tide', tags: [] }, [], 'memory'),
    'document.write': { kind: kinds.yjsUpdate, doc: 'd'.repeat(32), deps: [], payload: encode(updatePayload, { part: 0, of: 1, bytes: new Uint8Array(2) }) },
    'file.write': { kind: kinds.blobTree, doc: '', deps: [], payload: encode(filePayload, file) },
    'message.send': { kind: kinds.message, doc: '', deps: [], payload: encode(messagePayload, { id: messageIds.make(who.identity.device, random.bytes(6)), session: '', targets: [{ type: 'all' }], priority: 'next', replyTo: undefined, text: 'hello' }) },
  }
}

/** Which of them somebody's tables hold. */
function held(at: Actor): string[] {
  const { tables } = at.store.snapshot()
  const rows = (table: 'file' | 'update' | 'message'): number => tables.get(table)?.size ?? 0
  const found: Record<ContentPermission, boolean> = { 'state.write': at.store.get('register', 'state\0k') !== undefined, 'memory.write': at.store.get('register', 'memory\0note') !== undefined, 'document.write': rows('update') > 0, 'file.write': rows('file') > 0, 'message.send': rows('message') > 0 }
  return Object.entries(found).filter(([, there]) => there).map(([permission]) => permission)
}

test.each(Object.keys(contentPermissions) as ContentPermission[])('P1: %s: a guest who is allowed it writes that and nothing else, a member who is denied it writes all else', async (permission) => {
  const world = new ReplicaWorld(`each ${permission}`)
  const alice = await world.found()
  const [guest, bob] = [await world.join(alice, 'guest', 'guest'), await world.join(alice, 'bob')]
  await except(world, alice, guest, permission, 'allow')
  await except(world, alice, bob, permission, 'deny')
  const others = Object.keys(contentPermissions).filter((one) => one !== permission)
  for (const [who, expected] of [[guest, [permission]], [bob, others]] as const) {
    await world.deliver(alice, who)
    const reader = await world.join(alice, `reader of ${who.name}`)
    await world.done(reader.replica.receive([world.forge(who, { changes: Object.values(everything(who)) }).bytes]))
    expect(held(reader), `${who.name}`).toEqual(expected)
  }
})

test('P1 H1: what the role or an exception does not allow is refused before it is signed, each with its code', async () => {
  const world = new ReplicaWorld('early')
  const alice = await world.found()
  const [guest, bob] = [await world.join(alice, 'guest', 'guest'), await world.join(alice, 'bob')]
  const set = (who: Actor): Promise<string> => world.done(codeOf(who.replica.write([{ type: 'set', doc: 'state', key: 'k', value: '1' }])))
  expect([await set(guest), await set(bob)]).toEqual(['not_permitted', 'done'])
  await except(world, alice, guest, 'state.write', 'allow')
  await except(world, alice, bob, 'state.write', 'deny')
  await world.exchange(alice, guest, bob)
  expect([await set(guest), await set(bob)]).toEqual(['done', 'denied'])
  await except(world, alice, guest, 'state.write', 'default')
  await except(world, alice, bob, 'state.write', 'default')
  await world.exchange(alice, guest, bob)
  expect([await set(guest), await set(bob)]).toEqual(['not_permitted', 'done'])
})

test('P1 T6: a guest who may write waits for a writer to change the keys', async () => {
  const world = new ReplicaWorld('waits')
  const alice = await world.found()
  const [guest, eve] = [await world.join(alice, 'guest', 'guest'), await world.join(alice, 'eve')]
  await except(world, alice, guest, 'state.write', 'allow')
  await world.done(alice.replica.operate(() => [{ type: 'remove', grant: alice.replica.grant(), member: eve.member, pins: [] }]))
  await world.deliver(alice, guest)
  let done = false
  const writing = guest.replica.write([{ type: 'set', doc: 'state', key: 'k', value: '1' }]).finally(() => (done = true))
  await world.runtime.advance(10_000)
  expect(done).toBe(false)
  await world.done(alice.replica.operate(() => [], { rotate: true }))
  await world.exchange(alice, guest)
  await world.done(writing)
  await world.deliver(guest, alice)
  expect(world.get(alice, 'k')).toEqual([1])
})

test('P3 T3: stewards alone set policies, exceptions only for whom they outrank, and a void one is refused to its author', async () => {
  const world = new ReplicaWorld('authority')
  const alice = await world.found()
  const [bob, carol, dave] = [await world.join(alice, 'bob'), await world.join(alice, 'carol'), await world.join(alice, 'dave')]
  await promote(world, alice, bob)
  await promote(world, alice, carol)
  await world.exchange(alice, bob, carol, dave)
  const tries = async (by: Actor, who: Actor): Promise<string> => codeOf(except(world, by, who, 'state.write', 'deny'))
  expect(await tries(dave, bob), 'a member sets none').toBe('not_permitted')
  expect(await tries(bob, carol), 'equals').toBe('not_permitted')
  expect(await tries(bob, alice), 'above').toBe('not_permitted')
  expect(await tries(bob, bob), 'oneself').toBe('not_permitted')
  expect(await tries(bob, dave)).toBe('done')
  expect(await tries(alice, bob)).toBe('done')
  await world.exchange(alice, bob)
  expect(await codeOf(except(world, bob, bob, 'state.write', 'default')), 'nobody frees themselves').toBe('not_permitted')
  expect(await codeOf(say(world, dave, { type: 'profile', field: 'title', by: 'stewards' }))).toBe('not_permitted')
  // What an exception denies is content: he still removes, and starts the keys anew.
  await world.done(bob.replica.operate(() => [{ type: 'remove', grant: bob.replica.grant(), member: dave.member, pins: [] }], { rotate: true }))
  expect(bob.replica.membership.now().member(dave.member)?.status).toBe('removed')
})

test('P1 C5: a policy of a later version is kept, stands and means nothing', async () => {
  const world = new ReplicaWorld('later')
  const alice = await world.found()
  const bob = await world.join(alice, 'bob')
  const [id] = await world.done(alice.replica.operate(() => [{ type: 'policy', grant: alice.replica.grant(), payload: Uint8Array.of(99, 1, 2, 3) }]))
  await world.exchange(alice, bob)
  expect([alice, bob].map(({ replica }) => replica.membership.stands(id as EntryId))).toEqual([true, true])
  await world.set(bob, 'k', 1)
  await world.exchange(alice, bob)
  expect(world.get(alice, 'k')).toEqual([1])
})

/** Bob allows a guest to write, unaware that Alice has removed him; the guest writes, unaware too. */
async function fallenPolicy(name: string): Promise<{ world: ReplicaWorld; alice: Actor; bob: Actor; guest: Actor; carol: Actor }> {
  const world = new ReplicaWorld(name)
  const alice = await world.found()
  const bob = await world.join(alice, 'bob')
  const [guest, carol] = [await world.join(alice, 'guest', 'guest'), await world.join(alice, 'carol')]
  await promote(world, alice, bob)
  await world.exchange(alice, bob, guest, carol)
  await except(world, bob, guest, 'state.write', 'allow')
  await world.exchange(bob, guest, carol)
  await world.set(guest, 'k', 'by a guest')
  await world.set(guest, 'other', 'by a guest')
  await world.exchange(bob, guest, carol)
  expect(world.get(carol, 'k')).toEqual(['by a guest'])
  return { world, alice, bob, guest, carol }
}

const removeBob = (world: ReplicaWorld, alice: Actor, bob: Actor): Promise<unknown> => world.done(alice.replica.operate(() => [{ type: 'remove', grant: alice.replica.grant(), member: bob.member, pins: [] }], { rotate: true }))

test('P2 T4: a policy that its author set outside the past of its removal has no effect, nor what was written by it', async () => {
  const { world, alice, bob, guest, carol } = await fallenPolicy('fallen')
  await removeBob(world, alice, bob)
  await world.exchange(alice, guest, carol)
  for (const who of [alice, guest, carol]) expect(world.get(who, 'k'), `${who.name}`).toEqual([])
  expect(shown(carol)).toEqual(shown(alice))
  // An accomplice that goes on at the old frontier, in a new log, under the old keys.
  const old = carol.replica.membership.history.entries.filter(({ op }) => op.type === 'policy').map(({ id }) => id)
  const epoch = carol.replica.membership.viewAt(old)!.epochs()[0] as EntryId
  const backdated = world.forge(guest, { frontier: old, epoch })
  expect(await world.done(carol.replica.receive([backdated.bytes]))).toMatchObject({ placed: 1 })
  expect(world.get(carol, 'forged')).toEqual([])
  await world.deliver(carol, alice)
  const fresh = await world.join(alice, 'fresh')
  expect(shown(fresh)).toEqual(shown(carol))
})

test('P2 T4: of what was written by a policy that fell, that stands on which others built', async () => {
  const { world, alice, bob, guest, carol } = await fallenPolicy('built on')
  await world.set(carol, 'k', 'built on it')
  await world.exchange(guest, carol)
  await removeBob(world, alice, bob)
  await world.exchange(alice, guest, carol)
  for (const who of [alice, guest, carol]) expect([world.get(who, 'k'), world.get(who, 'other')], `${who.name}`).toEqual([['built on it'], []])
  await world.done(carol.replica.rebuild())
  expect(shown(carol)).toEqual(shown(alice))
})

test('P2: what knew of a policy is judged by it, what did not is not, and a denial from before is not undone by falling', async () => {
  const world = new ReplicaWorld('causality')
  const alice = await world.found()
  const [bob, carol] = [await world.join(alice, 'bob'), await world.join(alice, 'carol')]
  await world.exchange(alice, bob, carol)
  await except(world, alice, bob, 'state.write', 'deny')
  await world.set(bob, 'unaware', 1)
  await world.exchange(alice, bob, carol)
  await world.done(carol.replica.receive([world.forge(bob, { changes: [setChange('aware', 1)] }).bytes]))
  await world.exchange(alice, carol)
  for (const who of [alice, carol]) expect([world.get(who, 'unaware'), world.get(who, 'aware')]).toEqual([[1], []])
})

test('P4: who edits a field of a profile is judged field by field, and stewards edit anybody\'s', async () => {
  const world = new ReplicaWorld('fields')
  const alice = await world.found()
  const [bob, guest] = [await world.join(alice, 'bob'), await world.join(alice, 'guest', 'guest')]
  await say(world, alice, { type: 'profile', field: 'title', by: 'stewards' })
  await world.exchange(alice, bob, guest)
  const edit = (by: Actor, of: Actor, field: ProfileField): Change => setChange(profileRegister(of.member, field), `${by.name}'s`, [], 'members')
  const fields = ['name', 'title', 'bio', 'avatar', 'capabilities'] as const
  for (const by of [guest, bob]) {
    await world.done(alice.replica.receive([world.forge(by, { changes: [...fields.map((field) => edit(by, by, field)), edit(by, alice, 'bio'), setChange(`${by.member}/later`, 1, [], 'members')] }).bytes]))
    expect(fields.filter((field) => world.get(alice, profileRegister(by.member, field), 'members').length > 0), `${by.name}`).toEqual(['name', 'bio', 'avatar', 'capabilities'])
    expect(world.get(alice, `${by.member}/later`, 'members')).toEqual([])
  }
  expect(world.get(alice, profileRegister(alice.member, 'bio'), 'members')).toEqual([])
  await world.done(bob.replica.receive([world.forge(alice, { changes: [edit(alice, bob, 'title')] }).bytes]))
  expect(world.get(bob, profileRegister(bob.member, 'title'), 'members')).toEqual(["alice's"])
  expect(await world.done(codeOf(bob.replica.write([{ type: 'set', doc: 'members', key: profileRegister(bob.member, 'title'), value: '"me"' }])))).toBe('not_permitted')
})
