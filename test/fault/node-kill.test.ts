/** A whole node killed at any moment while it answers: what it acknowledged is there, also at its peer, and no log forks. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { connectNode } from '../../node/host/connect-node.ts'
import { AtollError } from '../../node/ports/errors.ts'
import { startAtoll } from '../doubles/run-atoll.ts'
import { World, type Person } from '../e2e/world.ts'

const program = join(import.meta.dirname, '../../dist/bin.js')
const long = process.env['ATOLL_LONG'] === '1'
const kills = long ? 60 : 6
const seed = Number(process.env['ATOLL_SEED'] ?? Date.now() % 1_000_000)

describe('kill -9 of a node', () => {
  it(`D1 D4 C3: ${kills} kills under load lose nothing that was acknowledged (seed ${seed})`, async () => {
    await using world = new World()
    const [alice, bob] = await Promise.all([world.node('alice'), world.node('bob')])
    await alice.does('create', 'reef', '--as', 'alice')
    await bob.does('join', (await alice.does('invite'))['link'] as string, '--name', 'bob')
    const acknowledged = new Map<string, number>()
    let random = seed
    const next = (below: number): number => (random = (random * 1_103_515_245 + 12_345) % 2_147_483_648) % below
    for (let round = 0; round < kills; round++) {
      await writeUntilKilled(bob, round, 20 + next(200), acknowledged)
      const running = startAtoll(program, bob.home, ['up', '--json', '--listen', '127.0.0.1:0'])
      bob.running = running
      await running.saw('"socket"')
    }
    for (const [key, value] of acknowledged) expect(await bob.does('state', 'get', key)).toMatchObject({ value })
    await alice.inSync(1)
    const held = (await alice.does('state', 'list', '--limit', '1000'))['values'] as { key: string; value: number }[]
    expect(acknowledged.size).toBeGreaterThan(5)
    for (const [key, value] of acknowledged) expect(held.find((one) => one.key === key)?.value).toBe(value)
    for (const person of [alice, bob]) {
      expect(await person.does('audit', 'verify')).toMatchObject({ problems: [] })
      expect((await person.does('info'))['forks']).toEqual([])
    }
    bob.running?.child.kill('SIGTERM')
    await bob.running?.finished
  }, long ? 1_200_000 : 180_000)
})

/** Writes as fast as the node answers, and kills it with the given write still on its way. */
async function writeUntilKilled(person: Person, round: number, writes: number, acknowledged: Map<string, number>): Promise<void> {
  const client = await connectNode({ home: person.home, env: {}, version: '0.1.0', hello: { session: 'killer', kind: 'cli' }, signal: AbortSignal.timeout(30_000), program: null })
  const underway: Promise<void>[] = []
  for (let i = 0; i < writes; i++) {
    const key = `k${i % 40}`
    const value = round * 1_000 + i
    const write = client.state.set({ key, value }).then(() => void acknowledged.set(key, Math.max(value, acknowledged.get(key) ?? 0)), (error: unknown) => {
      // The node is gone with this write unanswered, which is allowed to be there or not.
      if (!(error instanceof AtollError)) throw error
      acknowledged.delete(key)
    })
    underway.push(write)
    if (i % 7 === 0) await write
  }
  person.running?.child.kill('SIGKILL')
  await Promise.all(underway)
  await person.running?.finished
}
