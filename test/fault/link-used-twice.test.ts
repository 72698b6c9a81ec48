/** A link for one, used in two halves of a mesh that cannot see each other: both newcomers are in, and everybody sees it. */
import { expect, test, vi } from 'vitest'
import { LocalPeer } from '../bench/peers.ts'
import { RelayOnLoopback } from '../contract/network-relay.ts'
import { reachable } from '../doubles/honest-work.ts'

const patience = { timeout: 40_000, interval: 50 }
const never = new AbortController().signal
const ignore = (): void => undefined

test('T3 C1 H1: two members who cannot see each other each admit somebody by a link for one; after healing all agree, and info and audit show it', async () => {
  await using relay = await RelayOnLoopback.start()
  await using alice = await LocalPeer.open('alice')
  await using bob = await LocalPeer.open('bob')
  await using carol = await LocalPeer.open('carol')
  await using dave = await LocalPeer.open('dave')
  const all = [alice, bob, carol, dave]
  await alice.services.meshes.create({ name: 'reef', relays: [relay.address] })
  await reachable([relay.address], alice)
  const invite = async (): Promise<string> => (await alice.services.mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member' })).link
  await joins(bob, await invite())
  const link = await invite()
  await vi.waitFor(async () => expect(await bob.services.mesh.listInvites()).toHaveLength(2), patience)

  await online(false, alice)
  await joins(dave, link)
  await dave.services.state.set('from dave', 1)
  await vi.waitFor(async () => expect(await bob.services.state.get('from dave')).toMatchObject({ value: 1 }), patience)
  await online(false, bob, dave)
  await online(true, alice)
  await reachable([relay.address], alice)
  await joins(carol, link)
  await carol.services.state.set('from carol', 2)
  await vi.waitFor(async () => expect(await alice.services.state.get('from carol')).toMatchObject({ value: 2 }), patience)
  expect((await alice.services.mesh.info()).overused, 'one use is what was allowed').toEqual([])
  expect((await alice.services.audit.verify(ignore, never)).problems).toEqual([])

  await online(true, bob, dave)
  for (const { services } of all) {
    await vi.waitFor(async () => {
      expect(await services.mesh.info()).toMatchObject({ members: 4, online: 4, synced: true })
      expect([(await services.state.get('from dave')).value, (await services.state.get('from carol')).value]).toEqual([1, 2])
    }, patience)
    const { overused, forks } = await services.mesh.info()
    expect(overused.map(({ uses, admitted }) => [uses, [...admitted].sort()])).toEqual([[1, ['carol', 'dave']]])
    expect(forks).toEqual([])
    expect((await services.mesh.listInvites()).filter(({ used, uses }) => used > uses).map(({ id }) => id)).toEqual(overused.map(({ invite: id }) => id))
    const report = await services.audit.verify(ignore, never)
    expect(report).toMatchObject({ ok: false, problems: [{ entry: overused[0]?.invite, problem: 'was made for 1 and let in 2' }] })
    expect(new Set((await services.members.list()).map(({ name }) => name))).toEqual(new Set(['alice', 'bob', 'carol', 'dave']))
  }
  await using erin = await LocalPeer.open('erin')
  await expect(joins(erin, link)).rejects.toMatchObject({ code: 'invite_used_up' })
})

async function joins(peer: LocalPeer, link: string): Promise<void> {
  await peer.services.meshes.join({ link, wait: true }, ignore, never)
}

async function online(on: boolean, ...peers: readonly LocalPeer[]): Promise<void> {
  await Promise.all(peers.map(({ peer }) => peer.needs.network.setOnline(on)))
}
