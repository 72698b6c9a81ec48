/** A link for one, used in two halves of a mesh that cannot see each other: both newcomers are in, and everybody sees it. */
import { expect, test, vi } from 'vitest'
import { LocalPeer } from '../bench/peers.ts'
import { RelayOnLoopback } from '../contract/network-relay.ts'
import { reachable } from '../doubles/honest-work.ts'

const patience = { timeout: 40_000, interval: 50 }
const never = new AbortController().signal
const ignore = (): void => undefined

/** A mesh in two halves, each of which has let somebody in by the same link for one; its inviter stands where it is said. */
async function usedTwice(peers: Peers, relay: RelayOnLoopback, inviterWith: 'nobody' | 'carol'): Promise<string> {
  const { alice, bob, carol, dave, erin } = peers
  await alice.services.meshes.create({ name: 'reef', relays: [relay.address] })
  await reachable([relay.address], alice)
  const invite = async (): Promise<string> => (await alice.services.mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member' })).link
  await joins(bob, await invite())
  await joins(erin, await invite())
  const link = await invite()
  for (const { services } of [bob, erin]) await vi.waitFor(async () => expect(await services.mesh.listInvites()).toHaveLength(3), patience)

  await online(false, alice, erin)
  await joins(dave, link)
  await dave.services.state.set('from dave', 1)
  await vi.waitFor(async () => expect(await bob.services.state.get('from dave')).toMatchObject({ value: 1 }), patience)
  await online(false, bob, dave)
  const other = inviterWith === 'carol' ? alice : erin
  await online(true, other)
  await reachable([relay.address], other)
  await joins(carol, link)
  await carol.services.state.set('from carol', 2)
  await vi.waitFor(async () => expect(await other.services.state.get('from carol')).toMatchObject({ value: 2 }), patience)
  return link
}

test('T3 C1 H1: two members who cannot see each other each admit somebody by a link for one; after healing all agree, and info and audit show it', async () => {
  await using relay = await RelayOnLoopback.start()
  await using peers = await five()
  const link = await usedTwice(peers, relay, 'nobody')
  expect((await peers.erin.services.mesh.info()).overused, 'one use is what was allowed').toEqual([])
  expect((await peers.erin.services.audit.verify(ignore, never)).problems).toEqual([])

  await online(true, peers.alice, peers.bob, peers.dave)
  for (const { services } of peers.all) {
    await vi.waitFor(async () => {
      expect(await services.mesh.info()).toMatchObject({ members: 5, online: 5, synced: true })
      expect([(await services.state.get('from dave')).value, (await services.state.get('from carol')).value]).toEqual([1, 2])
    }, patience)
    const { overused, forks } = await services.mesh.info()
    expect(overused.map(({ uses, admitted }) => [uses, [...admitted].sort()])).toEqual([[1, ['carol', 'dave']]])
    expect(forks).toEqual([])
    expect((await services.mesh.listInvites()).filter(({ used, uses }) => used > uses).map(({ id }) => id)).toEqual(overused.map(({ invite: id }) => id))
    const report = await services.audit.verify(ignore, never)
    expect(report).toMatchObject({ ok: false, problems: [{ entry: overused[0]?.invite, problem: 'was made for 1 and let in 2' }] })
    expect(new Set((await services.members.list()).map(({ name }) => name))).toEqual(new Set(['alice', 'bob', 'carol', 'dave', 'erin']))
  }
  await using late = await LocalPeer.open('late')
  await expect(joins(late, link)).rejects.toMatchObject({ code: 'invite_used_up' })
})

test('T3 C1: a use that the inviter’s close of a spent link does not know of is void everywhere, and its newcomer learns of it', async () => {
  await using relay = await RelayOnLoopback.start()
  await using peers = await five()
  await usedTwice(peers, relay, 'carol')
  await vi.waitFor(async () => expect((await peers.alice.services.mesh.listInvites()).map(({ closed }) => closed)).toEqual(['spent', 'spent', 'spent']), patience)

  await online(true, peers.bob, peers.dave, peers.erin)
  for (const { services } of [peers.alice, peers.bob, peers.carol, peers.erin]) {
    await vi.waitFor(async () => expect(await services.mesh.info()).toMatchObject({ members: 4, online: 4, synced: true }), patience)
    expect(await services.state.get('from carol')).toMatchObject({ value: 2 })
    await expect(services.state.get('from dave')).rejects.toMatchObject({ code: 'key_unknown' })
    expect((await services.mesh.info()).overused).toEqual([])
  }
  await vi.waitFor(() => expect(peers.dave.services.state.set('late', 1)).rejects.toMatchObject({ code: 'removed' }), patience)
})

interface Peers extends AsyncDisposable {
  readonly alice: LocalPeer
  readonly bob: LocalPeer
  readonly carol: LocalPeer
  readonly dave: LocalPeer
  readonly erin: LocalPeer
  readonly all: readonly LocalPeer[]
}

async function five(): Promise<Peers> {
  const all = await Promise.all(['alice', 'bob', 'carol', 'dave', 'erin'].map((name) => LocalPeer.open(name)))
  const [alice, bob, carol, dave, erin] = all as [LocalPeer, LocalPeer, LocalPeer, LocalPeer, LocalPeer]
  return { alice, bob, carol, dave, erin, all, [Symbol.asyncDispose]: async () => void (await Promise.all(all.map((peer) => peer[Symbol.asyncDispose]()))) }
}

async function joins(peer: LocalPeer, link: string): Promise<void> {
  await peer.services.meshes.join({ link, wait: true }, ignore, never)
}

async function online(on: boolean, ...peers: readonly LocalPeer[]): Promise<void> {
  await Promise.all(peers.map(({ peer }) => peer.needs.network.setOnline(on)))
}
