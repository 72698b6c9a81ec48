/** Stories of who came by a link, and who says that it is them. */
import { expect, test } from 'vitest'
import type { MemberId } from '../../crdt/wire/ids.ts'
import type { Message, Notice, Role } from '../../node/ports/services.ts'
import { codeOf, never, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

class ConfirmWorld extends PeopleWorld {
  confirm(by: SimPeer, name: string, withdraw = false): Promise<unknown> {
    return codeOf(this.done(this.as(by).members.confirm(name, withdraw)))
  }

  /** Who is unconfirmed, as somebody sees it. */
  async doubted(at: SimPeer): Promise<readonly string[]> {
    const members = await this.done(this.as(at).members.list())
    const peers = await this.done(this.as(at).peers.list())
    for (const { name, confirmed } of peers) if (members.find((one) => one.name === name)?.confirmed !== confirmed) throw new Error(`${name} is another in peers than in member list`)
    return members.filter(({ confirmed }) => !confirmed).map(({ name }) => name).sort()
  }

  async newcomer(by: SimPeer, name: string, role: Role = 'member'): Promise<SimPeer> {
    const peer = this.peer(name)
    await this.invite(by, peer, name, role)
    await this.time.advance(5_000)
    return peer
  }
}

const memberOf = (peer: SimPeer): MemberId => peer.peer!.meshFor(undefined).replica.membership.memberOf(peer.device) as MemberId

test('I3: who came by a link is unconfirmed for everybody until the inviter, an admin or an owner says who it is', async () => {
  using world = new ConfirmWorld('unconfirmed')
  const [alice] = (await world.people('alice')) as [SimPeer]
  const heard: Notice[] = []
  await world.done(world.as(alice).audit.watch((notice) => void heard.push(notice), never))
  const bob = await world.newcomer(alice, 'bob')
  const carol = await world.newcomer(bob, 'carol')
  const dave = await world.newcomer(alice, 'dave')
  expect(heard.flatMap(({ entries }) => entries).filter(({ text }) => text.startsWith('admitted')).map(({ text }) => text)).toEqual(['bob', 'carol', 'dave'].map((name) => expect.stringMatching(`^admitted ${name} .*, unconfirmed$`) as string))
  for (const peer of [alice, bob, carol, dave]) expect(await world.doubted(peer), `${peer.name}`).toEqual(['bob', 'carol', 'dave'])
  expect(await world.setState(carol, 'k', 1), 'the mark restricts nothing').toBe('done')

  const mail: Message[] = []
  await world.done(world.as(alice).messages.watch((message) => void mail.push(message), never))
  await world.done(world.as(bob).messages.send({ to: ['alice'], text: 'it is me', priority: 'next' }))
  await world.time.advance(2_000)
  expect(await world.confirm(dave, 'bob'), 'neither inviter nor admin').toBe('not_permitted')
  expect(await world.confirm(bob, 'bob')).toBe('bad_input')
  expect(await world.confirm(alice, 'bob')).toBe('done')
  await world.time.advance(2_000)
  await world.done(world.as(bob).messages.send({ to: ['alice'], text: 'still me', priority: 'next' }))
  await world.time.advance(2_000)
  expect(mail.map(({ text, from_confirmed: confirmed }) => [text, confirmed])).toEqual([['it is me', false], ['still me', true]])
  expect(await world.confirm(bob, 'carol'), 'whom Bob invited').toBe('done')
  expect(await world.confirm(bob, 'carol'), 'once more').toBe('done')
  await world.time.advance(5_000)
  for (const peer of [alice, bob, carol, dave]) expect(await world.doubted(peer), `${peer.name}`).toEqual(['dave'])
  const audit = await world.done(world.as(dave).audit.query({ newest_first: true, limit: 50 }, () => undefined, never))
  expect(audit.entries.flatMap(({ by, changes }) => changes.filter(({ kind }) => kind === 'member_confirmed').map(({ text }) => `${by} ${text}`))).toEqual(['bob confirmed carol', 'alice confirmed bob'])

  expect(await world.confirm(alice, 'bob', true)).toBe('done')
  await world.time.advance(5_000)
  expect(await world.doubted(carol), 'Carol hung on Bob’s word').toEqual(['bob', 'carol', 'dave'])
})

test('I3 T11: a safety number that somebody compared confirms for that somebody alone', async () => {
  using world = new ConfirmWorld('verified')
  const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
  await world.done(world.as(alice).members.verify({ name: 'bob', confirm: true, withdraw: false }))
  expect([await world.doubted(alice), await world.doubted(bob)]).toEqual([[], ['bob']])
})

test('I1 I3: whom an admin let in is confirmed at once, and only as far as the admin is', async () => {
  using world = new ConfirmWorld('approved')
  const [alice] = (await world.people('alice')) as [SimPeer]
  const bob = await world.newcomer(alice, 'bob', 'admin')
  for (const [by, name] of [[alice, 'carol'], [bob, 'dave']] as const) {
    const { link } = await world.done(world.as(by).mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member', approve: true }))
    const joined = world.as(world.peer(name)).meshes.join({ link, name, wait: true }, () => undefined, never)
    await world.time.advance(2_000)
    expect(await codeOf(world.done(world.as(by).requests.approve(world.peer(name).device)))).toBe('done')
    await world.done(joined)
    await world.time.advance(5_000)
  }
  expect(await world.doubted(alice)).toEqual(['bob', 'dave'])
  await world.confirm(alice, 'bob')
  await world.time.advance(5_000)
  for (const peer of [alice, bob, world.peer('dave')]) expect(await world.doubted(peer), `${peer.name}`).toEqual([])
})

test('I3: newcomers cannot confirm themselves or each other, whatever their role; nor does the word of a removed member last', async () => {
  using world = new ConfirmWorld('forged')
  const [alice] = (await world.people('alice')) as [SimPeer]
  const mallory = await world.newcomer(alice, 'mallory', 'admin')
  const eve = await world.newcomer(mallory, 'eve', 'admin')
  expect(await world.confirm(mallory, 'eve')).toBe('done')
  expect(await world.confirm(eve, 'mallory')).toBe('done')
  expect(await world.confirm(mallory, 'mallory')).toBe('bad_input')
  const { replica } = mallory.peer!.meshFor(undefined)
  const admissions = replica.membership.history.entries.filter(({ op }) => op.type === 'admit').map(({ id }) => id)
  const value = JSON.stringify({ admissions })
  expect(await codeOf(world.done(replica.write([{ type: 'set', doc: 'confirmations', key: `${memberOf(mallory)}/${memberOf(alice)}`, value }]))), 'in another’s name').toBe('not_permitted')
  await world.done(replica.write([{ type: 'set', doc: 'confirmations', key: `${memberOf(mallory)}/${memberOf(mallory)}`, value }]))
  await world.time.advance(5_000)
  for (const peer of [alice, mallory, eve]) expect(await world.doubted(peer), `${peer.name}`).toEqual(['eve', 'mallory'])
  expect(await world.confirm(alice, 'mallory')).toBe('done')
  await world.time.advance(5_000)
  expect(await world.doubted(alice), 'from then on Mallory’s word counts').toEqual([])
  await world.done(world.as(alice).members.remove('mallory'))
  await world.time.advance(5_000)
  expect(await world.doubted(alice)).toEqual(['eve', 'mallory'])
})

test('I3 C1: words that were given apart meet; the mark belongs to one admission, and who comes anew is unconfirmed anew', async () => {
  using world = new ConfirmWorld('apart')
  const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
  await world.confirm(alice, 'bob')
  const carol = await world.newcomer(bob, 'carol')
  world.part([alice], [bob, carol])
  await world.confirm(bob, 'carol')
  await world.confirm(alice, 'carol')
  await world.confirm(alice, 'carol', true)
  await world.heal()
  for (const peer of [alice, bob, carol]) expect(await world.doubted(peer), `${peer.name}`).toEqual([])
  await world.done(world.as(carol).mesh.leave())
  await world.time.advance(5_000)
  await world.invite(bob, carol, 'carol')
  await world.time.advance(5_000)
  for (const peer of [alice, bob, carol]) expect(await world.doubted(peer), `${peer.name}`).toEqual(['carol'])
})
