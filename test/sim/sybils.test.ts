/** Fifty strangers around a newcomer, behind the code of its link, and one honest peer beside them. */
import { expect, test } from 'vitest'
import { inviteCode, inviteKey, parseLink } from '../../crdt/members/link.ts'
import { nonceFrame } from '../../crdt/sync/handshake.ts'
import { decode, encode } from '../../crdt/wire/codec.ts'
import type { DeviceId } from '../../crdt/wire/ids.ts'
import { protocols } from '../../crdt/wire/protocols.ts'
import { joinFrame, type JoinFrame } from '../../node/peer/join/frames.ts'
import type { FrameStream } from '../../node/ports/network.ts'
import { never, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

const minutes = 60_000
const relay = '/dns4/home.example/tcp/443/wss/p2p/12D3KooWKRyzVWW6ChFjQjK4miCty85Niy48tpPV95XdKu1BcvMA'
/** Ids that come before those of honest devices, as anybody can find keys for. */
const sybilId = (i: number): DeviceId => (i + 1).toString(16).padStart(64, '0') as DeviceId
const say = (stream: FrameStream, frame: JoinFrame): void => stream.send(encode(joinFrame, frame))

type Answer = (stream: FrameStream, history: readonly (readonly Uint8Array[])[]) => void
const afterClaim = (answer: Answer): Answer => (stream, history) => {
  stream.onFrame((bytes) => {
    const frame = decode(joinFrame, bytes)
    if (frame.ok && frame.value.type === 'hello') say(stream, { type: 'challenge', nonce: new Uint8Array(32) })
    else answer(stream, history)
  })
}
const answers: readonly Answer[] = [
  () => undefined,
  (stream) => stream.close('no'),
  afterClaim((stream) => say(stream, { type: 'refuse', code: 'invite_revoked', at: '' })),
  afterClaim((stream) => say(stream, { type: 'refuse', code: 'invite_used_up', at: '' })),
  // Yesterday's history, which a removed member has, whole and in pieces; and one that is none.
  afterClaim((stream, history) => {
    for (const run of history) say(stream, { type: 'history', run })
    say(stream, { type: 'historyEnd' })
  }),
  afterClaim((stream, history) => {
    for (const run of history) say(stream, { type: 'history', run: run.slice(1) })
    say(stream, { type: 'historyEnd' })
  }),
  afterClaim((stream) => {
    say(stream, { type: 'history', run: [new Uint8Array(1_000)] })
    say(stream, { type: 'historyEnd' })
  }),
]

/** Fifty of them, behind the code of a link. */
function surround(world: PeopleWorld, link: string, history: readonly (readonly Uint8Array[])[]): { asked: number } {
  const parsed = parseLink(link)
  if (!parsed.ok) throw new Error('no link')
  const code = inviteCode(inviteKey(parsed.link.secret).publicKey, parsed.link.mesh)
  const counted = { asked: 0 }
  for (let i = 0; i < 50; i++) {
    const network = world.net.join(sybilId(i))
    network.handle(protocols.join, (stream) => {
      counted.asked++
      answers[i % answers.length]!(stream, history)
    })
    network.standBehind([code])
  }
  return counted
}

async function begin(seed: string): Promise<{ world: PeopleWorld; alice: SimPeer; bob: SimPeer; link: string; history: readonly (readonly Uint8Array[])[] }> {
  const world = new PeopleWorld(seed)
  const [alice, bob] = [world.peer('alice'), world.peer('bob')]
  await world.done(world.as(alice).meshes.create({ name: 'reef', relays: [relay], as: 'alice' }))
  const { replica } = alice.peer!.meshFor(undefined)
  const history = [...replica.logs()].filter(({ type }) => type === 'membership').map(({ log }) => replica.readRun(log, 0, 96 * 1024))
  await world.time.advance(1_000)
  await world.invite(alice, bob, 'bob')
  await world.time.advance(10_000)
  const { link } = await world.done(world.as(alice).mesh.invite({ uses: 1, expires_in_ms: 60 * minutes, role: 'member' }))
  await world.time.advance(10_000)
  return { world, alice, bob, link, history }
}

const members = async (world: PeopleWorld, at: SimPeer): Promise<unknown> => (await world.done(world.as(at).members.list())).map(({ name }) => name)

test('T3 T8: fifty who refuse, fall silent or show yesterday’s history are not even asked while the device that made the link is there', async () => {
  const { world, alice, link, history } = await begin('sybils-maker')
  using _world = world
  const counted = surround(world, link, history)
  const carol = world.peer('carol')
  await world.done(world.as(carol).meshes.join({ link, name: 'carol', wait: true }, () => undefined, never), minutes)
  expect(counted.asked).toBe(0)
  await world.time.advance(10_000)
  for (const peer of [alice, carol]) expect(await members(world, peer)).toEqual(['alice', 'bob', 'carol'])
})

test('T3 T8: where that one is away the newcomer gets in by the one honest member, some minutes later; what the fifty said leaves nothing', async () => {
  const { world, alice, bob, link, history } = await begin('sybils')
  using _world = world
  await world.done(alice.setOnline(false))
  const counted = surround(world, link, history)
  const carol = world.peer('carol')
  await world.done(world.as(carol).meshes.join({ link, name: 'carol', wait: true }, () => undefined, never), 5 * minutes)
  expect(counted.asked).toBe(50)
  // Now they open session after session at her.
  for (let i = 0; i < 50; i++) {
    const stream = await world.done(world.net.peer(sybilId(i))!.open(carol.device, protocols.sync, never))
    stream.send(encode(nonceFrame, { nonce: new Uint8Array(32) }))
  }
  expect(await world.setState(bob, 'while they', 'shout')).toBe('done')
  await world.time.advance(20_000)
  expect(await world.getState(carol, 'while they')).toBe('shout')
  // None of them has a session of the mesh, and its sessions are what they were.
  expect([...carol.peer!.engine.mesh(carol.peer!.meshFor(undefined).id)!.sessions.keys()]).toEqual([bob.device])
  await world.done(alice.setOnline(true))
  await world.time.advance(30_000)
  for (const peer of [alice, bob, carol]) expect(await members(world, peer)).toEqual(['alice', 'bob', 'carol'])
})
