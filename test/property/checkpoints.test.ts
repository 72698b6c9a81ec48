/**
 * Newcomers without history, after random work of members that partly know of each other: whatever the order in which
 * logs come, newcomers show of every register what members show.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeRow } from '../../crdt/docs/registers.ts'
import { CheckpointWriter } from '../../node/peer/mesh/checkpoint-writer.ts'
import { LiveDocuments } from '../../node/peer/documents/live-documents.ts'
import { allRows } from '../../node/peer/replica/rows.ts'
import { silentLog } from '../../node/ports/log.ts'
import { ReplicaWorld, type Actor } from '../doubles/replica-world.ts'
import { holdsInTurns, patience } from './runs.ts'

const step = fc.record({ who: fc.nat(4), key: fc.nat(2), what: fc.constantFrom('set', 'set', 'set', 'delete', 'meet', 'meet', 'tell'), with: fc.nat(4) })
const plan = fc.record({ before: fc.array(step, { maxLength: 12 }), between: fc.array(step, { maxLength: 8 }), after: fc.array(step, { maxLength: 10 }), order: fc.infiniteStream(fc.nat(1000)) })

const rows = (who: Actor): unknown => Object.fromEntries([...allRows(who.store, 'register')].map(([key, row]) => [key, decodeRow(row).map(({ told: _, ...version }) => version)]).filter(([, versions]) => (versions as unknown[]).length > 0))

function writer(who: Actor): CheckpointWriter {
  const documents = new LiveDocuments({ replica: who.replica, random: who.runtime.random, log: silentLog, whisper: () => undefined })
  return new CheckpointWriter({ replica: who.replica, runtime: who.runtime, documents, log: silentLog })
}

/** As `deliver` does, with the logs in any order and a part of each at a time. */
async function deliver(world: ReplicaWorld, from: Actor, to: Actor, dice: () => number): Promise<void> {
  for (let placed = -1; placed !== 0; ) {
    placed = 0
    for (const { log, seq } of [...from.replica.logs()].map((state) => ({ state, at: dice() })).sort((a, b) => a.at - b.at).map(({ state }) => state)) {
      const after = to.replica.log(log)?.seq ?? 0
      if (after >= seq) continue
      const run = from.replica.readRun(log, after, 1 + dice() * 4)
      if (run.length > 0) placed += (await world.done(to.replica.receive(run))).placed
    }
  }
}

test('C1 T6: newcomers who are told show of every register what members show, whatever the order of arrival', patience, async () => {
  await holdsInTurns(fc.asyncProperty(plan, async ({ before, between, after, order }) => {
    const dice = (): number => order.next().value as number
    const world = new ReplicaWorld(dice())
    const alice = await world.found('alice', { history: 'none' })
    const actors = [alice]
    const join = async (by: Actor, name: string): Promise<Actor> => {
      const who = world.actor(name)
      await world.admit(by, who)
      // What the admitter does in the same commit.
      await world.done(by.replica.operate(() => [], { rotate: true }))
      await deliver(world, by, who, dice)
      actors.push(who)
      return who
    }
    const walk = async (steps: readonly { who: number; key: number; what: string; with: number }[]): Promise<void> => {
      for (const { who, key, what, with: other } of steps) {
        const [one, two] = [actors[who % actors.length]!, actors[other % actors.length]!]
        if (what === 'meet') await deliver(world, one, two, dice)
        else if (what === 'tell') await world.done(writer(one).tellNow())
        else await world.done(one.replica.write([what === 'set' ? { type: 'set', doc: 'state', key: `k${key}`, value: JSON.stringify(dice()) } : { type: 'delete', doc: 'state', key: `k${key}` }])).catch(() => undefined)
      }
    }
    await join(alice, 'bob')
    await join(alice, 'carol')
    await walk(before)
    await join(alice, 'dave')
    await walk(between)
    await join(alice, 'erin')
    await walk(after)
    for (let round = 0; round < 3; round++) {
      for (const from of actors) for (const to of actors) if (from !== to) await deliver(world, from, to, dice)
      await world.done(writer(alice).tellNow())
    }
    for (const from of actors) for (const to of actors) if (from !== to) await deliver(world, from, to, dice)
    const expected = rows(alice)
    for (const who of actors) expect([who.name, rows(who)]).toEqual([who.name, expected])
    const late = actors.at(-1)!
    await world.done(late.replica.rebuild())
    expect(rows(late)).toEqual(expected)
  }), 30)
})
