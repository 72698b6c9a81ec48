/** A mesh that is kept here and could not be opened when the node started. */
import { expect, test } from 'vitest'
import { codeOf, never, PeopleWorld } from './people-world.ts'

test('D2 H1: is not lost by joining it again: it is opened instead, and while the disk refuses that is said', async () => {
  using world = new PeopleWorld(1)
  const [alice, bob] = [world.peer('alice'), world.peer('bob')]
  const join = (link: string): Promise<unknown> => codeOf(world.done(world.as(bob).meshes.join({ link, wait: false }, () => undefined, never)))
  await world.done(world.as(alice).meshes.create({ name: 'reef', relays: [], as: 'alice' }))
  const { link } = await world.done(world.as(alice).mesh.invite({ uses: 9, expires_in_ms: 3_600_000, role: 'member' }))
  expect(await join(link)).toBe('done')
  await world.done(alice.setOnline(false))
  await world.done(world.as(bob).state.set('mine', 'and nobody else’s'))
  bob.crash({ silent: false })
  bob.disk.failNext('readonly', 'reopen')
  bob.start()
  expect([bob.peer!.meshes.size, bob.peer!.warnings]).toEqual([0, [expect.stringContaining('could not be opened')]])
  bob.disk.failNext('readonly', 'reopen')
  expect(await join(link)).toBe('profile_readonly')
  expect(await join(link)).toBe('already_joined')
  expect(bob.peer!.warnings).toEqual([])
  expect((await world.done(world.as(bob).state.get('mine'))).value).toBe('and nobody else’s')
  bob.crash({ silent: false })
  bob.start()
  expect((await world.done(world.as(bob).state.get('mine'))).value).toBe('and nobody else’s')
})
