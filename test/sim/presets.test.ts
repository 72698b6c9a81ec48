/** Stories of invites that say what a newcomer's sessions begin with. */
import { expect, test } from 'vitest'
import { limits } from '../../crdt/wire/limits.ts'
import type { MemberId } from '../../crdt/wire/ids.ts'
import type { Message, MessageMode, SessionInfo } from '../../node/ports/services.ts'
import { codeOf, never, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

class PresetWorld extends PeopleWorld {
  async joins(by: SimPeer, name: string, preset: { groups?: readonly string[]; messages?: MessageMode }): Promise<{ peer: SimPeer; note: string | undefined; invite: string }> {
    const { link, id } = await this.done(this.as(by).mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member', ...preset }))
    const peer = this.peer(name)
    const { note } = await this.done(this.as(peer).meshes.join({ link, name, wait: true }, () => undefined, never))
    await this.time.advance(5_000)
    return { peer, note, invite: id }
  }

  /** Sessions of a device as somebody sees them. */
  async sessions(at: SimPeer, of: SimPeer): Promise<readonly SessionInfo[]> {
    return (await this.done(this.as(at).peers.list())).find(({ device }) => device === of.device)?.sessions ?? []
  }

  /** Sends three messages to somebody and tells which of them are shown unasked to a session of theirs. */
  async unasked(from: SimPeer, to: SimPeer): Promise<readonly string[]> {
    const session = to.peer!.services({ session: 'pane', signal: never })
    const heard: Message[] = []
    const done = new AbortController()
    await this.done(session.messages.watch((message) => void heard.push(message), done.signal))
    for (const [target, text] of [['*', 'to all'], [to.name, 'to the member'], ['pane', 'to the session']] as const) await this.done(this.as(from).messages.send({ to: [target], text, priority: 'next' }))
    await this.done(this.as(from).messages.send({ to: [to.name], text: 'low', priority: 'low' }))
    await this.time.advance(3_000)
    done.abort()
    const inbox = (await this.done(session.messages.inbox({ wait_ms: 0, limit: 10, peek: false }, never))).map(({ text }) => text)
    if (inbox.join() !== 'to all,to the member,to the session,low') throw new Error(`the inbox has all, and not only ${inbox.join()}`)
    return heard.filter(({ unasked }) => unasked).map(({ text }) => text)
  }
}

test('I4: a newcomer’s sessions begin in the groups of the invite, for everybody to see, and with its message mode', async () => {
  using world = new PresetWorld('begins')
  const [alice] = (await world.people('alice')) as [SimPeer]
  const { peer: bob, note, invite } = await world.joins(alice, 'bob', { groups: ['docs', 'réef'], messages: 'mentions' })
  expect(note).toMatch(/^Your sessions begin in the groups docs, réef\. Only messages to you/)
  expect((await world.done(world.as(bob).mesh.listInvites())).find(({ id }) => id === invite)).toMatchObject({ groups: ['docs', 'réef'], messages: 'mentions' })
  await world.done(bob.peer!.attach({ session: 'pane', name: 'pane', kind: 'mcp' }))
  await world.time.advance(2_000)
  for (const at of [alice, bob]) expect(await world.sessions(at, bob)).toMatchObject([{ name: 'pane', groups: ['docs', 'réef'] }])
  expect(await world.unasked(alice, bob)).toEqual(['to the member', 'to the session'])

  await world.done(bob.stop())
  bob.start()
  await world.time.advance(10_000)
  expect(await world.done(world.as(bob).sessions.defaults({})), 'kept over a restart').toEqual({ groups: ['docs', 'réef'], messages: 'mentions' })
})

test('I4: the person changes it at any time, and what the inviter writes later changes nothing', async () => {
  using world = new PresetWorld('changed')
  const [alice] = (await world.people('alice')) as [SimPeer]
  const { peer: bob, invite } = await world.joins(alice, 'bob', { groups: ['docs'], messages: 'none' })
  await world.done(bob.peer!.attach({ session: 'pane', name: 'pane', kind: 'mcp' }))
  await world.time.advance(3_000)
  expect(await world.unasked(alice, bob)).toEqual([])
  expect(await world.done(world.as(bob).sessions.defaults({ messages: 'everyone' }))).toEqual({ groups: ['docs'], messages: 'everyone' })
  expect(await world.unasked(alice, bob)).toEqual(['to all', 'to the member', 'to the session'])
  expect(await world.done(world.as(bob).sessions.defaults({ groups: [] }))).toEqual({ groups: [], messages: 'everyone' })
  const { replica } = alice.peer!.meshFor(undefined)
  await world.done(replica.write([{ type: 'set', doc: 'invites', key: `${invite}/${replica.membership.memberOf(alice.device)}`, value: '{"groups":["spam"],"messages":"none"}' }]))
  await world.time.advance(5_000)
  expect(await world.done(world.as(bob).sessions.defaults({}))).toEqual({ groups: [], messages: 'everyone' })
  expect(await world.sessions(alice, bob)).toMatchObject([{ name: 'pane', groups: [] }])
})

test('I4 T1: nobody but the inviter says what an invite brings; its groups are in no clear part', async () => {
  using world = new PresetWorld('whose')
  const [alice, mallory] = (await world.people('alice', 'mallory')) as [SimPeer, SimPeer]
  const { link, id } = await world.done(world.as(alice).mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member' }))
  await world.time.advance(5_000)
  const { replica } = mallory.peer!.meshFor(undefined)
  const memberOf = (device: string): MemberId => replica.membership.memberOf(device as Parameters<typeof replica.membership.memberOf>[0]) as MemberId
  const says = (by: string): Promise<unknown> => codeOf(world.done(replica.write([{ type: 'set', doc: 'invites', key: `${id}/${memberOf(by)}`, value: '{"groups":["spam"],"messages":"none"}' }])))
  expect(await says(alice.device)).toBe('not_permitted')
  expect(await says(mallory.device)).toBe('done')
  const bob = world.peer('bob')
  expect((await world.done(world.as(bob).meshes.join({ link, name: 'bob', wait: true }, () => undefined, never))).note).toBeUndefined()
  expect(await world.done(world.as(bob).sessions.defaults({}))).toEqual({ groups: [], messages: 'everyone' })

  await world.joins(alice, 'carol', { groups: ['a-group-with-a-name'] })
  const stored = [...alice.peer!.meshFor(undefined).replica.logs()].flatMap(({ log }) => alice.peer!.meshFor(undefined).replica.readRun(log, 0, 1_000_000))
  expect(stored.some((bytes) => Buffer.from(bytes).includes('a-group-with-a-name'))).toBe(false)
})

test('I4 T8: of what an inviter wrote, too many or too long groups, other modes and nonsense are as good as nothing', async () => {
  using world = new PresetWorld('nonsense')
  const [alice] = (await world.people('alice')) as [SimPeer]
  const { replica } = alice.peer!.meshFor(undefined)
  const long = 'é'.repeat(limits.nameBytes / 2)
  const groups = (count: number): string[] => Array.from({ length: count }, (_, i) => `g${i}`)
  const cases: readonly (readonly [unknown, unknown])[] = [
    [{ groups: groups(limits.groupsPerSession), messages: 'none' }, { groups: groups(limits.groupsPerSession), messages: 'none' }],
    [{ groups: groups(limits.groupsPerSession + 1), messages: 'none' }, undefined],
    [{ groups: [long], messages: 'everyone' }, { groups: [long], messages: 'everyone' }],
    [{ groups: [`${long}e`], messages: 'everyone' }, undefined],
    [{ groups: [], messages: 'loud' }, undefined],
    [null, undefined],
  ]
  for (const [i, [value, kept]] of cases.entries()) {
    const { link, id } = await world.done(world.as(alice).mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member' }))
    await world.done(replica.write([{ type: 'set', doc: 'invites', key: `${id}/${replica.membership.memberOf(alice.device)}`, value: JSON.stringify(value) }]))
    const peer = world.peer(`bob${i}`)
    await world.done(world.as(peer).meshes.join({ link, name: `bob${i}`, wait: true }, () => undefined, never))
    expect(await world.done(world.as(peer).sessions.defaults({})), `${JSON.stringify(value).slice(0, 60)}`).toEqual(kept ?? { groups: [], messages: 'everyone' })
  }
})
