/** A session that is lost on a slow way, and begun anew from both sides at about the same time. */
import { expect, test } from 'vitest'
import { verify } from '../../crdt/crypto/sign.ts'
import type { MeshId } from '../../crdt/wire/ids.ts'
import { SimWorld } from './sim-world.ts'

const never = new AbortController().signal
/** One way. */
const latencyMs = 160
/** Six round trips, and the moment for which the side that does not open first leaves it to the other. */
const soonMs = 12 * latencyMs + 750

test.each([1, 2, 3, 4, 5, 6, 7, 8])('C3: a session that is lost stands again after a few round trips, and stays (seed %i)', async (seed) => {
  using world = new SimWorld({ seed, verify, link: { latencyMs } })
  const [alice, bob] = [world.peer('alice'), world.peer('bob')]
  const done = <T>(promise: Promise<T>): Promise<T> => world.time.resolve(promise, 120_000)
  const founded = await done(alice.services(undefined, never).meshes.create({ name: 'reef', relays: [], as: 'alice' }))
  const mesh = founded.mesh as MeshId
  const { link } = await done(alice.services(undefined, never).mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member' }))
  await done(bob.services(undefined, never).meshes.join({ link, name: 'bob', wait: true }, () => undefined, never))
  await world.time.advance(10_000)
  const sessions = (): unknown[] => [alice, bob].map((one, i, both) => one.peer?.engine.mesh(mesh as never)?.sessions.get(both[1 - i]!.device))
  for (let time = 0; time < 5; time++) {
    world.net.break(alice.device, bob.device)
    await done(alice.services(mesh, never).state.set(`after ${time}`, time))
    await world.time.advance(soonMs)
    expect(await done(bob.services(mesh, never).state.get(`after ${time}`))).toMatchObject({ value: time })
    const standing = sessions()
    await world.time.advance(3_000)
    expect(sessions(), 'the same ones').toEqual(standing)
  }
})
