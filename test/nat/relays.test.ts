/** Relays that come and go, and relays that are near and far. */
import { describe, expect, it } from 'vitest'
import { requires } from '../requires.ts'
import { People } from './people.ts'
import { until, type Resident } from './resident.ts'
import { siteOf } from './sides.ts'

/** Nobody sees the other directly here. */
const sites = { one: siteOf('symmetric', 'alice'), other: siteOf('symmetric', 'bob') }

/** A path is there so soon after the other died. Two seconds are the aim, and printed; on a busy machine a suite must not fail by its load. */
const withinMs = 5_000

/** The address of the relay through which one reaches the other. */
async function through(one: Resident, other: Resident): Promise<string | null | undefined> {
  const { path, attempts } = await one.client.call('peer.explain', { peer: other.person.name })
  return path === 'relayed' ? attempts.find(({ outcome }) => outcome === 'in use')?.address : undefined
}

describe.skipIf(!requires('netns', 'nftables'))('a relay', () => {
  it('C3: is restarted ten times in a row: each time both are reserved there and reach each other', async () => {
    await using people = await People.in({ places: { relay: {} }, sites })
    let relay = await people.relay()
    const [alice, bob] = await people.meet(relay.addresses, 'alice', 'bob')
    for (let time = 1; time <= 10; time++) {
      await relay.kill()
      relay = await people.relay()
      const reservedMs = await Promise.all([alice.reserved(1, 15_000), bob.reserved(1, 15_000)])
      const deliveredMs = await Promise.all([alice.writesTo(bob, `alice ${time}`), bob.writesTo(alice, `bob ${time}`)])
      console.log(`restart ${time}: reserved after ${Math.max(...reservedMs)} ms, delivered ${Math.max(...deliveredMs)} ms later`)
    }
    expect(await alice.inSyncWith(bob, 5_000)).toBeLessThan(5_000)
  })
})

describe.skipIf(!requires('netns', 'nftables', 'vxlan'))('of two relays', () => {
  it('C3: the nearer comes to carry, wherever people met, the other does when it dies, and the nearer again when it is back', async () => {
    await using people = await People.in({ places: { near: { latencyMs: 5 }, far: { latencyMs: 80 } }, sites })
    const [near, far] = await Promise.all([people.relay('near'), people.relay('far')])
    const nearIp = people.lab.machine('near').address
    const farIp = people.lab.machine('far').address
    const [alice, bob] = await people.meet([...far.addresses, ...near.addresses].filter((address) => address.includes('/11.')), 'alice', 'bob')
    const online = new Set<boolean | undefined>()
    let written = 0
    const moved = async (): Promise<void> => {
      await Promise.all([alice.write(`on the way/${written++}`), ...[[alice, bob], [bob, alice]].map(async ([one, other]) => online.add((await one!.peer(other!))?.online))])
      expect([await through(alice, bob), await through(bob, alice)]).toEqual([expect.stringContaining(nearIp), expect.stringContaining(nearIp)])
    }
    console.log(`through the near relay ${await until(30_000, moved)} ms after they met`)
    console.log(`back there, that is delivered after ${await alice.writesTo(bob, 'through the near one')} ms`)
    expect([...online], 'nobody was lost on the way').toEqual([true])
    expect(await bob.count('on the way/')).toBe(written)

    await until(30_000, async () => expect((await bob.client.call('peer.explain', { peer: 'alice' })).attempts).toContainEqual(expect.objectContaining({ outcome: 'available', address: expect.stringContaining(farIp) as string })))
    await near.kill()
    const failoverMs = await alice.writesTo(bob, 'through the far one')
    console.log(`delivered through the far relay ${failoverMs} ms after the near one died`)
    expect(failoverMs).toBeLessThan(withinMs)
    expect(await through(bob, alice)).toContain(farIp)
    await people.relay('near')
    console.log(`through the near relay ${await until(60_000, moved)} ms after it was back`)
  })
})
