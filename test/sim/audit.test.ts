/** Who did what, asked of whole peers. */
import { expect, test } from 'vitest'
import { kindsSaid } from '../../node/ops/audit/made-by.ts'
import type { AuditEntry, AuditQuery, Notice } from '../../node/ports/services.ts'
import { never, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

const ask = async (world: PeopleWorld, peer: SimPeer, query: Partial<AuditQuery> = {}): Promise<{ entries: readonly AuditEntry[]; next: string | null }> =>
  world.done(world.as(peer).audit.query({ newest_first: false, limit: 1000, ...query }, () => undefined, never))
const said = ({ entries }: { entries: readonly AuditEntry[] }): string[] => entries.map(({ by, changes }) => `${by} ${changes.map(({ text }) => text).join('; ')}`)

test('C1 T3: members coming and going are told in words, by whom, the same at every peer', async () => {
  using world = new PeopleWorld('audit-members')
  const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer, SimPeer]
  await world.done(world.as(alice).members.setRole('bob', 'admin'))
  const { id } = await world.done(world.as(alice).mesh.invite({ uses: 3, expires_in_ms: 3_600_000, role: 'guest' }))
  await world.done(world.as(alice).mesh.revokeInvite(id))
  await world.time.advance(5_000)
  await world.done(world.as(bob).members.remove('carol'))
  await world.time.advance(10_000)
  const kinds = new Set([...(kindsSaid('membership') ?? [])].filter((kind) => kind !== 'keys_shared' && kind !== 'keys_changed'))
  const told = await ask(world, alice, { kinds })
  expect(said(told)).toEqual([
    'alice founded the mesh',
    'alice made an invite for one as member',
    'alice admitted bob as member by an invite of alice',
    expect.stringMatching(/^alice (closed an invite, which is spent|made an invite for one as member)$/),
    expect.stringMatching(/^alice /),
    expect.stringMatching(/^alice /),
    'alice closed an invite, which is spent',
    'alice made bob admin',
    'alice made an invite for 3 as guest',
    'alice revoked an invite',
    'bob removed carol',
  ])
  expect(said(await ask(world, alice, { kinds: kindsSaid('keys_changed') })).at(-1)).toBe('bob changed the keys, for 2 devices')
  expect(await ask(world, bob, { kinds })).toEqual(told)
  expect(told.entries.every((entry) => entry.void === null)).toBe(true)
  expect(said(await ask(world, carol, { kinds })).slice(0, 10)).toEqual(said(told).slice(0, 10))
})

test('T4: what has no effect is shown with what was not known to it', async () => {
  using world = new PeopleWorld('audit-void')
  const [alice, bob, carol, dave] = (await world.people('alice', 'bob', 'carol', 'dave')) as [SimPeer, SimPeer, SimPeer, SimPeer]
  await world.done(world.as(alice).members.setRole('bob', 'admin'))
  await world.time.advance(5_000)
  world.part([alice, carol], [bob, dave])
  await world.done(world.as(alice).members.remove('bob'))
  await world.time.advance(1_000)
  await world.done(world.as(bob).members.remove('dave'))
  await world.setState(bob, 'unaware', 'falls')
  await world.heal()
  for (const peer of [alice, carol, dave]) {
    const { entries } = await ask(world, peer, { kinds: kindsSaid('member.remove') })
    expect(entries.map(({ by, changes, void: why }) => [by, changes[0]?.text, why])).toEqual([
      ['alice', 'removed bob', null],
      ['bob', 'removed dave', 'not known to it: alice removed bob'],
    ])
    const [set] = (await ask(world, peer, { kinds: kindsSaid('state.set') })).entries
    expect(set).toMatchObject({ by: 'bob', changes: [{ kind: 'state_set', text: 'set unaware', count: 1 }] })
    expect(set?.void).toContain('no longer in the mesh')
  }
})

test('T1: content is told by what it changed; what is sealed for others is not opened', async () => {
  using world = new PeopleWorld('audit-content')
  const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer, SimPeer]
  const since = { at: world.time.clock.now() }
  const mine = world.as(alice)
  await world.setState(alice, 'build/status', 'secret words')
  await world.done(mine.state.delete('build/status'))
  const { id: note } = await world.done(mine.memory.remember({ text: 'secret words', tags: [] }))
  await world.done(mine.memory.forget(note))
  const { id: document } = await world.done(mine.documents.create({ title: 'plan', text: 'secret words', part: 'content' }))
  await world.done(mine.documents.append({ document, text: 'secret words', part: 'content' }))
  await world.done(mine.messages.send({ to: ['bob'], text: 'secret words', priority: 'next' }))
  await world.done(mine.members.rename('alice', 'alicia'))
  await world.time.advance(10_000)
  const kinds = new Set([...(kindsSaid('content') ?? [])].filter((kind) => kind !== 'receipt'))
  const everybodyReads = ['set build/status', 'deleted build/status', 'remembered a note', 'forgot a note', 'named the document plan', 'edited the document plan', 'edited the document plan']
  const byAlice = async (peer: SimPeer): Promise<string[]> => said(await ask(world, peer, { by: 'alicia', since, kinds }))
  expect(await byAlice(bob)).toEqual([...everybodyReads, 'wrote a message to bob', 'named alicia'].map((text) => `alicia ${text}`))
  expect(await byAlice(carol)).toEqual([...everybodyReads, 'wrote something sealed for one other device', 'named alicia'].map((text) => `alicia ${text}`))
  expect(JSON.stringify(await ask(world, carol))).not.toContain('secret')
  expect(said(await ask(world, carol, { log: alice.device.slice(0, 12), kinds: kindsSaid('message.send') }))).toEqual([])
})

test('C1: pages are the same whatever their size and order, and a clock that was set back hides nothing', async () => {
  using world = new PeopleWorld('audit-pages')
  const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
  const day = 86_400_000
  bob.skew(3 * day)
  for (let i = 0; i < 20; i++) await world.setState(bob, `early${i}`, i)
  bob.skew(0)
  await world.done(bob.stop())
  bob.start()
  for (let i = 0; i < 90; i++) {
    await world.setState(bob, `late${i}`, i)
    if (i % 9 === 0) await world.setState(alice, `a${i}`, i)
  }
  await world.time.advance(10_000)
  const whole = (await ask(world, alice)).entries
  expect((await ask(world, bob)).entries).toEqual(whole)
  for (const newest_first of [false, true]) {
    const paged: AuditEntry[] = []
    for (let after: string | undefined; ;) {
      const page = await ask(world, alice, { newest_first, limit: 7, ...(after === undefined ? {} : { after }) })
      paged.push(...page.entries)
      if (page.next === null) break
      after = page.next
    }
    expect(newest_first ? paged.toReversed() : paged).toEqual(whole)
  }
  const recent = await ask(world, alice, { since: { ago_ms: 60_000 }, until: { ago_ms: -60_000 }, by: 'alice', kinds: kindsSaid('state.set') })
  expect(recent.entries).toHaveLength(10)
  expect((await ask(world, alice, { until: { at: (whole[0] as AuditEntry).at } })).entries.length).toBeGreaterThan(0)
})

test('T9: members coming and going and changed keys are told once where they become known, in the log and to who watches', async () => {
  using world = new PeopleWorld('audit-told')
  const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer, SimPeer]
  const heard: Notice[] = []
  const stop = new AbortController()
  await world.as(bob).audit.watch((notice) => heard.push(notice), stop.signal)
  const texts = (): string[] => heard.splice(0).flatMap(({ entries }) => entries.map(({ by, text }) => `${by} ${text}`))
  await world.invite(alice, world.peer('dave'), 'dave')
  await world.time.advance(10_000)
  expect(texts()).toEqual(['alice admitted dave as member by an invite of alice, unconfirmed'])
  await world.done(carol.setOnline(false))
  await world.done(world.as(alice).members.remove('dave'))
  await world.time.advance(10_000)
  expect(heard).toHaveLength(1)
  expect(texts()).toEqual(['alice removed dave', 'alice changed the keys, for 3 devices'])
  await world.done(carol.setOnline(true))
  await world.time.advance(30_000)
  await world.done(world.as(carol).mesh.leave())
  await world.time.advance(10_000)
  expect(texts()[0]).toBe('carol left the mesh')
  const logged = (peer: SimPeer): unknown[] => peer.lines.filter(({ event }) => event === 'membership').map(({ fields }) => fields?.['did'])
  expect(logged(bob)).toEqual(expect.arrayContaining(['admitted dave as member by an invite of alice, unconfirmed', 'removed dave', 'left the mesh']))
  // Who was away is told when it comes back, and who joins is not told what was before.
  expect(logged(carol)).toContain('removed dave')
  expect(logged(world.peer('dave'))).not.toContain('admitted bob as member by an invite of alice')
  stop.abort()
})
