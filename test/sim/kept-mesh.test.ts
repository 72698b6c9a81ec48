/** A mesh that is kept here and could not be opened when the node started. */
import { expect, test } from 'vitest'
import { verify } from '../../crdt/crypto/sign.ts'
import { AtollError } from '../../node/ports/errors.ts'
import { SimWorld } from './sim-world.ts'
import type { SimPeer } from './sim-peer.ts'

const never = new AbortController().signal

test('D2 H1: is not lost by joining it again: it is opened instead, and while the disk refuses that is said', async () => {
  using world = new SimWorld({ seed: 1, verify })
  const [alice, bob] = [world.peer('alice'), world.peer('bob')]
  const done = <T>(promise: Promise<T>): Promise<T> => world.time.resolve(promise, 120_000)
  const as = (peer: SimPeer): ReturnType<SimPeer['services']> => peer.services(undefined, never)
  const join = (link: string): Promise<unknown> => done(as(bob).meshes.join({ link, wait: false }, () => undefined, never)).then(() => 'joined', (error: unknown) => (error instanceof AtollError ? error.code : error))
  await done(as(alice).meshes.create({ name: 'reef', relays: [], as: 'alice' }))
  const { link } = await done(as(alice).mesh.invite({ uses: 9, expires_in_ms: 3_600_000, role: 'member' }))
  expect(await join(link)).toBe('joined')
  await done(alice.setOnline(false))
  await done(as(bob).state.set('mine', 'and nobody else’s'))
  bob.crash({ silent: false })
  bob.disk.failNext('readonly', 'reopen')
  bob.start()
  expect([bob.peer!.meshes.size, bob.peer!.warnings]).toEqual([0, [expect.stringContaining('could not be opened')]])
  bob.disk.failNext('readonly', 'reopen')
  expect(await join(link)).toBe('profile_readonly')
  expect(await join(link)).toBe('already_joined')
  expect(bob.peer!.warnings).toEqual([])
  expect((await done(as(bob).state.get('mine'))).value).toBe('and nobody else’s')
  bob.crash({ silent: false })
  bob.start()
  expect((await done(as(bob).state.get('mine'))).value).toBe('and nobody else’s')
})
