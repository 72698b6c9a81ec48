/** A newcomer is shown another history first: one in which a member signed something else at a number of hers. */
import { expect, test } from 'vitest'
import { readEntry } from '../../crdt/log/entry.ts'
import { inviteCode, inviteKey, parseLink } from '../../crdt/members/link.ts'
import { decode, encode } from '../../crdt/wire/codec.ts'
import type { DeviceId } from '../../crdt/wire/ids.ts'
import { protocols } from '../../crdt/wire/protocols.ts'
import { joinFrame } from '../../node/peer/join/frames.ts'
import { Turncoat } from '../doubles/turncoat.ts'
import { codeOf, never, PeopleWorld } from './people-world.ts'

const relay = '/dns4/home.example/tcp/443/wss/p2p/12D3KooWKRyzVWW6ChFjQjK4miCty85Niy48tpPV95XdKu1BcvMA'

test('T7: a newcomer who was shown the other branch of a forked log first gets in by an honest member, sees who forked, and reads on', async () => {
  using world = new PeopleWorld('forked-history')
  const [alice, bob, mallory] = [world.peer('alice'), world.peer('bob'), world.peer('mallory')]
  await world.done(world.as(alice).meshes.create({ name: 'reef', relays: [relay], as: 'alice' }))
  await world.invite(alice, bob, 'bob')
  await world.invite(alice, mallory, 'mallory')
  await world.time.advance(10_000)
  await world.done(world.as(mallory).mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member' }))
  await world.time.advance(5_000)
  const turned = new Turncoat(world, mallory)
  const { link } = await world.done(world.as(alice).mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member' }))
  await world.time.advance(5_000)
  await world.done(alice.setOnline(false))
  const replica = bob.peer!.meshFor(undefined).replica
  const runs = [...replica.logs()].filter(({ type }) => type === 'membership').map(({ log, device }) => ({ log, device, run: replica.readRun(log, 0, 96 * 1024) }))
  const hers = runs.find(({ device }) => device === mallory.device)!
  const real = readEntry(hers.run[0]!)
  if (!real.ok) throw new Error('unread')
  const twin = turned.forge.forge(turned.forger, { type: 'membership', log: hers.log, seq: 1, previous: undefined, frontier: real.entry.frontier, op: turned.operation({ type: 'leave', grant: turned.replica.grant() }).op, sealed: undefined })
  const parsed = parseLink(link)
  if (!parsed.ok) throw new Error('no link')
  const liar = world.net.join('1'.padStart(64, '0') as DeviceId)
  let asked = 0
  liar.handle(protocols.join, (stream) => {
    asked++
    stream.onFrame((bytes) => {
      const frame = decode(joinFrame, bytes)
      if (frame.ok && frame.value.type === 'hello') return stream.send(encode(joinFrame, { type: 'challenge', nonce: new Uint8Array(32) }))
      for (const { log, run } of runs) stream.send(encode(joinFrame, { type: 'history', run: log === hers.log ? [twin.bytes] : run }))
      stream.send(encode(joinFrame, { type: 'historyEnd' }))
    })
  })
  liar.standBehind([inviteCode(inviteKey(parsed.link.secret).publicKey, parsed.link.mesh)])
  const carol = world.peer('carol')
  expect(await codeOf(world.done(world.as(carol).meshes.join({ link, name: 'carol', wait: true }, () => undefined, never), 120_000))).toBe('done')
  expect(asked).toBeGreaterThan(0)
  expect((await world.done(world.as(carol).mesh.info())).forks.map(({ member, seq }) => [member, seq])).toEqual([['mallory', 1]])
  await world.time.advance(30_000)
  expect(await world.setState(bob, 'k', 1)).toBe('done')
  await world.time.advance(5_000)
  expect(await world.getState(carol, 'k')).toBe(1)
})
