/** What a removal undid is listed to whom it concerns, with the command that does it again. Mallory means no harm here. */
import { expect, test } from 'vitest'
import type { Notice, Undone } from '../../node/ports/services.ts'
import { PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

const listed = (world: PeopleWorld, at: SimPeer): Promise<readonly Undone[]> => world.done(world.as(at).audit.undone())
const commands = async (world: PeopleWorld, at: SimPeer): Promise<Record<string, string | null>> =>
  Object.fromEntries((await listed(world, at)).map(({ did, repeat, repeated }) => [did, repeated ? 'done' : repeat]))

test('T4: a senior with a stale view sees what her removal undid, and the commands that repeat it; when they were run nothing is left', async () => {
  using world = new PeopleWorld('undone')
  const [alice, bob, mallory] = (await world.people('alice', 'bob', 'mallory')) as [SimPeer, SimPeer, SimPeer]
  await world.done(world.as(alice).members.setRole('mallory', 'admin'))
  await world.time.advance(5_000)
  expect(await listed(world, alice)).toEqual([])
  const carol = world.peer('carol')
  world.part([alice], [bob, mallory, carol])
  await world.invite(mallory, carol, 'carol')
  await world.done(world.as(mallory).members.setRole('bob', 'admin'))
  await world.done(world.as(mallory).members.except('bob', 'file.write', 'deny'))
  await world.time.advance(5_000)
  expect(await world.member(bob, 'carol')).toMatchObject({ role: 'member', status: 'active' })
  const notices: Notice[] = []
  using _ = alice.peer!.meshFor(undefined).announcements.watch((notice) => notices.push(notice))
  await world.done(world.as(alice).members.remove('mallory'))
  await world.heal()

  expect(await world.member(bob, 'carol')).toBeUndefined()
  const { member } = (await world.done(world.as(alice).members.list())).find(({ name }) => name === 'bob')!
  const fallen = await listed(world, alice)
  expect(fallen.every(({ by, undone_by }) => by === 'mallory' && undone_by.length === 1 && undone_by[0]?.did === 'removed mallory' && undone_by[0]?.by === 'alice')).toBe(true)
  expect(fallen.map(({ repeat }) => repeat)).toEqual(['atoll invite --role member', 'atoll invite --role member', 'atoll member role bob admin', 'atoll member deny bob file.write'])
  expect(fallen[1]?.did).toMatch(/^admitted .* as member by an invite of mallory$/)
  const [news] = notices.flatMap(({ entries }) => entries).filter(({ text }) => text.startsWith('removed mallory, which undid'))
  expect(news?.text).toContain('mallory made bob admin')
  expect(news?.text).toContain('atoll audit undone')
  // Bob is neither steward nor did he remove anybody or make any of it; who made it sees it where she hears of it.
  expect(await listed(world, bob)).toEqual([])

  await world.done(world.as(alice).members.setRole('bob', 'admin'))
  await world.done(world.as(alice).members.except('bob', 'file.write', 'deny'))
  // What she has of the mesh is of no use any more.
  await world.done(world.as(carol).mesh.leave())
  await world.invite(alice, carol, 'carol')
  await world.time.advance(10_000)
  expect(await world.member(bob, 'carol')).toMatchObject({ role: 'member', status: 'active' })
  expect((await world.done(world.as(bob).members.list())).find((one) => one.member === member)).toMatchObject({ role: 'admin' })
  expect(new Set(Object.values(await commands(world, alice)))).toEqual(new Set(['done']))
  // He is a steward now, and sees the same.
  expect(await listed(world, bob)).toEqual(await listed(world, alice))
})
