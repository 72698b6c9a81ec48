/** A joiner that a hostile relay sends to liars first: it hears them out, believes nothing, and joins whom it can trust. */
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { signingPair } from '../../crdt/crypto/sign.ts'
import { decode, encode } from '../../crdt/wire/codec.ts'
import { protocols } from '../../crdt/wire/protocols.ts'
import { rendezvousAnswer } from '../../crdt/wire/rendezvous.ts'
import { deviceToPeerId } from '../../node/host/libp2p/device-peer-id.ts'
import { joinFrame, type JoinFrame } from '../../node/peer/join/frames.ts'
import type { FrameStream, Network } from '../../node/ports/network.ts'
import { LocalPeer } from '../bench/peers.ts'
import { libp2pPeer, until } from '../contract/network-libp2p-world.ts'
import { bytesHeld, meshOf, reachable, workGoesOn } from '../doubles/honest-work.ts'
import { HostileRelay } from '../doubles/hostile-relay.ts'

const mebibyte = 1024 * 1024
const never = new AbortController().signal
const say = (stream: FrameStream, frame: JoinFrame): void => stream.send(encode(joinFrame, frame))
const garbage = new Uint8Array(randomBytes(200 * 1024))

/** What a liar does with somebody who asks to be let in, and how much it sent. */
type Liar = (stream: FrameStream, self: Network) => Promise<number>

/** Lets the joiner begin as it should. */
async function challenged(stream: FrameStream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  stream.onFrame((bytes) => {
    const frame = decode(joinFrame, bytes)
    if (frame.ok && frame.value.type === 'hello') say(stream, { type: 'challenge', nonce: new Uint8Array(32) })
    else resolve()
  })
  await promise
}

/** History after history, as fast as the joiner takes it, until it hangs up or has taken far too much. */
async function floods(stream: FrameStream, self: Network): Promise<number> {
  let open = true
  stream.onClose(() => {
    open = false
  })
  await challenged(stream)
  let sent = 0
  while (open && sent < 200 * mebibyte) {
    for (let i = 0; i < 5; i++) say(stream, { type: 'history', run: [garbage] })
    sent += 5 * garbage.length
    await self.ping(stream.remote, AbortSignal.timeout(2_000))
  }
  return sent
}

const frontierOf = ({ peer }: LocalPeer): string => peer.meshFor(undefined).replica.membership.frontier().join()

async function refuses(stream: FrameStream, code: string): Promise<number> {
  await challenged(stream)
  say(stream, { type: 'refuse', code, at: 'whenever, says the liar' })
  return 0
}

test.each<[string, Liar, number]>([
  ['says that the invite is revoked', (stream) => refuses(stream, 'invite_revoked'), 0],
  ['answers with a code that is none of its business', (stream) => refuses(stream, 'already_joined'), 0],
  ['says that an admin has to decide', async (stream) => {
    await challenged(stream)
    for (let i = 0; i < 10; i++) say(stream, { type: 'waiting' })
    return 0
  }, 0],
  ['says that an admin has refused', (stream) => refuses(stream, 'join_refused'), 0],
  ['shows a history of garbage', async (stream) => {
    await challenged(stream)
    say(stream, { type: 'history', run: [garbage] })
    say(stream, { type: 'historyEnd' })
    return 0
  }, 0],
  ['shows a history without end', floods, 64 * mebibyte],
  ['hangs up', async (stream) => (stream.close('no'), 0), 0],
])('T3 T8 H1: somebody that a relay names first and that %s does not keep a joiner out', async (_, liar, most) => {
  await using relay = await HostileRelay.start()
  await using alice = await LocalPeer.open('alice', { listen: '' })
  await using bob = await LocalPeer.open('bob', { listen: '' })
  await using carol = await LocalPeer.open('carol', { listen: '' })
  // Whom the joiner asks first follows from the ids.
  let seed = new Uint8Array(randomBytes(32))
  while (signingPair(seed).publicKey >= carol.peer.identity.device) seed = new Uint8Array(randomBytes(32))
  await using mallory = await libp2pPeer({ seed, listen: [], listenWs: [] })
  const lied: number[] = []
  mallory.handle(protocols.join, (stream) => void liar(stream, mallory).then((sent) => lied.push(sent)))
  mallory.useRelays([relay.address])
  await until(() => mallory.relays()[0]?.reserved === true, 'the liar can be reached')
  const named = deviceToPeerId(mallory.device).toMultihash().bytes
  relay.lies.answers = (code, truth) => [encode(rendezvousAnswer, { type: 'peers', code, peers: [named, ...truth] })]

  await meshOf([relay.address], alice, carol)
  await reachable([relay.address], carol)
  const { link } = await alice.services.mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member' })
  // Whoever made the link would be asked before all others.
  await until(() => frontierOf(carol) === frontierOf(alice), 'the invite is known')
  await alice.peer.needs.network.setOnline(false)
  const before = bytesHeld()
  await bob.services.meshes.join({ link, wait: true }, () => undefined, never)
  await until(() => lied.length > 0, 'the liar was asked')
  expect(Math.max(...lied)).toBeLessThanOrEqual(most)
  expect(bytesHeld() - before).toBeLessThan(64 * mebibyte)
  await workGoesOn(carol, bob)
  expect((await carol.services.members.list()).map(({ name }) => name).sort()).toEqual(['alice', 'bob', 'carol'])
})
