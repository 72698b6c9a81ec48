/** Relays that come and go, and relays that are near and far. */
import { describe, expect, it } from 'vitest'
import { requires } from '../requires.ts'
import { People } from './people.ts'
import type { Resident } from './resident.ts'
import { siteOf } from './sides.ts'

/** Nobody sees the other directly here. */
const sites = { one: siteOf('symmetric', 'alice'), other: siteOf('symmetric', 'bob') }

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
  it('C3: the nearer carries, and the other when it dies', async () => {
    await using people = await People.in({ places: { near: { latencyMs: 5 }, far: { latencyMs: 80 } }, sites })
    const [near, far] = await Promise.all([people.relay('near'), people.relay('far')])
    const nearIp = people.lab.machine('near').address
    const farIp = people.lab.machine('far').address
    const [alice, bob] = await people.meet([...far.addresses, ...near.addresses].filter((address) => address.includes('/11.')), 'alice', 'bob')
    await Promise.all([alice.reserved(2, 15_000), bob.reserved(2, 15_000)])
    await people.lab.machine('bob').down()
    await alice.reaches(bob, 'none', 20_000)
    await people.lab.machine('bob').up()
    await alice.writesTo(bob, 'through the near one', 30_000)
    expect(await through(bob, alice)).toContain(nearIp)
    await near.kill()
    console.log(`delivered through the far relay after ${await alice.writesTo(bob, 'through the far one')} ms`)
    expect(await through(bob, alice)).toContain(farIp)
  })
})
