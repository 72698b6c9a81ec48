/** Stories of invites that ask for approval: whoever comes by one waits until an admin has decided. */
import { describe, expect, test } from 'vitest'
import { limits } from '../../crdt/wire/limits.ts'
import { protocols } from '../../crdt/wire/protocols.ts'
import { FrameQueue } from '../../node/peer/join/frame-queue.ts'
import { joinFrame } from '../../node/peer/join/frames.ts'
import { sendHistory } from '../../node/peer/join/history-transfer.ts'
import type { FrameStream } from '../../node/ports/network.ts'
import type { JoinRequest, Joined, Notice, Role } from '../../node/ports/services.ts'
import { codeOf, never, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

/** Somebody who asks to be let in, and goes on asking until it is decided or they go away. */
interface Asking {
  readonly said: string[]
  readonly joined: Promise<Joined>
  readonly code: Promise<unknown>
  leave(): void
}

class ApprovalWorld extends PeopleWorld {
  async link(by: SimPeer, more: { uses?: number; role?: Role; expires_in_ms?: number } = {}): Promise<{ link: string; id: string }> {
    return this.done(this.as(by).mesh.invite({ uses: 1, expires_in_ms: 86_400_000, role: 'member', approve: true, ...more }))
  }

  asks(peer: SimPeer, link: string, wait = false): Asking {
    const said: string[] = []
    const gone = new AbortController()
    const joined = peer.services(undefined, gone.signal).meshes.join({ link, name: peer.name, wait }, (text) => void said.push(text), gone.signal)
    const code = codeOf(joined)
    return { said, joined, code, leave: () => gone.abort() }
  }

  /** As soon as somebody waits. */
  async asked(peer: SimPeer, link: string): Promise<Asking> {
    const asking = this.asks(peer, link)
    await this.time.advance(3_000)
    if (!/^waiting for an admin; your number: (\d{5} ){5}\d{5}$/.test(asking.said.at(-1) ?? '')) throw new Error(`${peer.name} does not wait: ${asking.said.join('; ')}`)
    return asking
  }

  requests(at: SimPeer): Promise<readonly JoinRequest[]> {
    return this.done(this.as(at).requests.list())
  }

  approve(by: SimPeer, request: string): Promise<unknown> {
    return codeOf(this.done(this.as(by).requests.approve(request)))
  }
}

/** Another program under a member's keys: it does everything right, and then says that somebody has to decide. */
async function stalls(member: SimPeer, stream: FrameStream): Promise<void> {
  const { replica } = member.peer!.meshFor(undefined)
  const { runtime } = member.peer!.needs
  const talk = new FrameQueue(stream, joinFrame, runtime, limits.joinHistoryBytes)
  await talk.next(10_000)
  talk.send({ type: 'challenge', nonce: runtime.random.bytes(32) })
  await talk.next(10_000)
  await sendHistory(talk, replica, new Map())
  await talk.next(10_000)
  for (;;) {
    talk.send({ type: 'waiting' })
    await talk.next(10_000)
  }
}

const relay = '/dns4/home.example/tcp/443/wss/p2p/12D3KooWKRyzVWW6ChFjQjK4miCty85Niy48tpPV95XdKu1BcvMA'
const numberOf = ({ said }: Asking): string => said.at(-1)!.slice(-35)

/** Alice owns the mesh, Bob is an admin of it, Carol a member. */
async function council(world: ApprovalWorld): Promise<{ alice: SimPeer; bob: SimPeer; carol: SimPeer; dave: SimPeer }> {
  const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer, SimPeer]
  // By a relay a joiner finds everybody, not the inviter alone.
  await world.done(world.as(alice).relays.add(relay))
  await world.done(world.as(alice).members.setRole('bob', 'admin'))
  await world.time.advance(5_000)
  return { alice, bob, carol, dave: world.peer('dave') }
}

describe('an invite that asks for approval', () => {
  test('I1: the joiner waits, both sides see one number, and an admin lets them in with it', async () => {
    using world = new ApprovalWorld('approved')
    const { alice, bob, carol, dave } = await council(world)
    const heard: Notice[] = []
    await world.done(world.as(alice).audit.watch((notice) => void heard.push(notice), never))
    const { link, id } = await world.link(alice)
    expect((await world.done(world.as(alice).mesh.listInvites())).at(-1)).toMatchObject({ id, approve: true, used: 0 })
    const asking = await world.asked(dave, link)
    for (const steward of [alice, bob]) {
      expect(await world.requests(steward)).toEqual([{ request: dave.device, number: numberOf(asking), name: 'dave', role: 'member', invite: id, invited_by: 'alice', asked_at: expect.any(Number) as number, here: true }])
    }
    expect(heard.flatMap(({ requests }) => requests)).toEqual([{ request: dave.device, number: numberOf(asking) }])
    await world.time.advance(120_000)
    expect(await world.member(carol, 'dave'), 'nobody lets them in by themselves').toBeUndefined()
    expect(await codeOf(world.done(world.as(bob).requests.approve('123456'))), 'too little of nothing').toBe('request_unknown')
    expect(await world.done(world.as(bob).requests.approve(numberOf(asking), true))).toMatchObject({ name: 'dave', done: false })
    expect(await world.done(world.as(bob).requests.approve(numberOf(asking)))).toMatchObject({ name: 'dave', done: true })
    expect(await world.done(asking.joined)).toMatchObject({ member_name: 'dave', role: 'member' })
    await world.time.advance(5_000)
    for (const peer of [alice, bob, carol, dave]) expect(await world.member(peer, 'dave'), `${peer.name}`).toMatchObject({ status: 'active', role: 'member' })
    for (const steward of [alice, bob]) expect(await world.requests(steward)).toEqual([])
    expect(await world.setState(dave, 'k', 1)).toBe('done')
    expect(await world.approve(alice, dave.device), 'decided already').toBe('request_unknown')
  })

  test('I1: a plain member may make such an invite and never lets anybody in by it; the joiner is told whom it needs', async () => {
    using world = new ApprovalWorld('needs an admin')
    const { alice, bob, carol, dave } = await council(world)
    const { link } = await world.link(carol)
    world.part([carol, dave], [alice, bob])
    await world.time.advance(2_000)
    expect(await world.done(world.asks(dave, link).code)).toBe('needs_admin')
    expect(await codeOf(world.done(world.as(carol).requests.approve(dave.device)))).toBe('request_unknown')
    const patient = world.asks(dave, link, true)
    await world.time.advance(30_000)
    await world.heal(30_000)
    expect(await world.approve(alice, dave.device)).toBe('done')
    expect(await world.done(patient.joined)).toMatchObject({ role: 'member' })
  })

  test('I1 T8: a member who may not decide cannot keep a joiner waiting', async () => {
    using world = new ApprovalWorld('stalled')
    const { alice, carol, dave } = await council(world)
    const { link } = await world.link(carol)
    await world.time.advance(5_000)
    const stalled: string[] = []
    carol.peer!.needs.network.handle(protocols.join, (stream) => void stalls(carol, stream).catch((error: unknown) => stalled.push(String(error))))
    const asking = await world.asked(dave, link)
    expect(stalled).toEqual([expect.stringContaining('hung up')])
    expect(await world.approve(alice, dave.device)).toBe('done')
    expect(await world.done(asking.joined)).toMatchObject({ role: 'member' })
  })

  test('I1: who is sent away is told so, and may ask again; a revoked invite ends the wait of everybody', async () => {
    using world = new ApprovalWorld('refused')
    const { alice, bob, dave } = await council(world)
    const { link, id } = await world.link(alice, { uses: 5 })
    const first = await world.asked(dave, link)
    expect(await world.done(world.as(bob).requests.refuse(dave.device))).toMatchObject({ name: 'dave' })
    expect(await world.done(first.code)).toBe('join_refused')
    const again = await world.asked(dave, link)
    expect(numberOf(again), 'with the same keys').toBe(numberOf(first))
    const erin = world.peer('erin')
    const other = await world.asked(erin, link)
    expect((await world.requests(bob)).map(({ name }) => name)).toEqual(['dave', 'erin'])
    await world.done(world.as(alice).mesh.revokeInvite(id))
    expect(await world.done(again.code)).toBe('invite_revoked')
    expect(await world.done(other.code)).toBe('invite_revoked')
    for (const steward of [alice, bob]) expect(await world.requests(steward)).toEqual([])
  })

  test('I1: an invite that runs out, or whose inviter is removed, ends the wait', async () => {
    using world = new ApprovalWorld('ends')
    const { alice, carol, dave } = await council(world)
    const short = await world.link(alice, { expires_in_ms: 60_000 })
    const waits = await world.asked(dave, short.link)
    expect(await world.done(waits.code)).toBe('invite_expired')
    const { link } = await world.link(carol)
    await world.time.advance(5_000)
    const asking = await world.asked(dave, link)
    await world.done(world.as(alice).members.remove('carol'))
    expect(await world.done(asking.code)).toBe('invite_revoked')
  })

  test('I2: who goes away is remembered for a day, is let in meanwhile, and finds itself in when it is back', async () => {
    using world = new ApprovalWorld('away')
    const { alice, bob, carol, dave } = await council(world)
    const { link } = await world.link(alice)
    const asking = await world.asked(dave, link)
    asking.leave()
    expect(await world.done(asking.code)).not.toBe('done')
    await world.time.advance(20_000)
    expect(await world.requests(alice)).toMatchObject([{ number: numberOf(asking), here: false }])
    world.part([dave], [alice, bob, carol])
    expect(await world.approve(alice, dave.device)).toBe('done')
    await world.time.advance(10_000)
    expect(await world.member(bob, 'member-' + (await memberIdOf(world, bob)).slice(0, 6))).toMatchObject({ status: 'active' })
    await world.heal()
    expect((await world.done(world.as(alice).mesh.listInvites())).at(-1), 'it is spent').toMatchObject({ used: 1 })
    expect(await world.done(world.asks(dave, link).joined)).toMatchObject({ role: 'member', member_name: 'dave' })
    expect(await world.setState(dave, 'k', 1)).toBe('done')
    await world.time.advance(5_000)
    expect(await world.getState(carol, 'k')).toBe(1)
  })

  test('I2: an admin’s node that was restarted hears of who waits again', async () => {
    using world = new ApprovalWorld('restart')
    const { alice, bob, carol, dave } = await council(world)
    await world.done(world.as(alice).members.setRole('bob', 'member'))
    await world.time.advance(5_000)
    const { link } = await world.link(alice)
    const asking = await world.asked(dave, link)
    await world.done(alice.stop())
    await world.time.advance(30_000)
    alice.start()
    await world.time.advance(60_000)
    expect(await world.requests(alice)).toMatchObject([{ number: numberOf(asking), here: true }])
    expect(await world.approve(alice, dave.device)).toBe('done')
    expect(await world.done(asking.joined)).toMatchObject({ role: 'member' })
    await world.time.advance(5_000)
    for (const peer of [bob, carol]) expect(await world.member(peer, 'dave')).toMatchObject({ status: 'active' })
  })

  test('I1 C1: two admins who cannot see each other let in the same joiner: it is in once, and the link was used once', async () => {
    using world = new ApprovalWorld('twice')
    const { alice, bob, carol, dave } = await council(world)
    const { link, id } = await world.link(alice)
    const asking = await world.asked(dave, link)
    for (const steward of [alice, bob]) expect(await world.requests(steward)).toHaveLength(1)
    world.part([alice, carol], [bob, dave])
    expect(await world.approve(alice, dave.device)).toBe('done')
    expect(await world.approve(bob, dave.device)).toBe('done')
    expect(await world.done(asking.joined)).toMatchObject({ role: 'member' })
    expect(await world.setState(dave, 'from dave', 1)).toBe('done')
    await world.time.advance(20_000)
    await world.heal(60_000)
    for (const peer of [alice, bob, carol, dave]) {
      expect(await world.member(peer, 'dave'), `${peer.name}`).toMatchObject({ status: 'active', role: 'member', devices: [{ device: dave.device }] })
      expect(await world.getState(peer, 'from dave'), `${peer.name}`).toBe(1)
      expect((await world.done(world.as(peer).mesh.listInvites())).find((one) => one.id === id), `${peer.name}`).toMatchObject({ uses: 1, used: 1 })
      expect((await world.done(world.as(peer).mesh.info())).overused, `${peer.name}`).toEqual([])
    }
    expect(await world.setState(dave, 'after', 2)).toBe('done')
    await world.time.advance(5_000)
    expect(await world.getState(carol, 'after')).toBe(2)
  })

  test('I2: who was sent away by one admin and let in by another finds itself in', async () => {
    using world = new ApprovalWorld('both')
    const { alice, bob, carol, dave } = await council(world)
    const { link } = await world.link(alice)
    const asking = await world.asked(dave, link)
    await world.done(world.as(alice).requests.refuse(dave.device))
    expect(await world.done(asking.code)).toBe('join_refused')
    expect(await world.approve(bob, dave.device)).toBe('done')
    expect(await world.done(world.asks(dave, link).joined)).toMatchObject({ role: 'member' })
    await world.time.advance(5_000)
    for (const peer of [alice, bob, carol]) expect(await world.member(peer, 'dave')).toMatchObject({ status: 'active' })
  })
})

async function memberIdOf(world: ApprovalWorld, at: SimPeer): Promise<string> {
  return (await world.done(world.as(at).members.list())).at(-1)!.member
}
