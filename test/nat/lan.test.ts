/** People on one local network, which leads nowhere. */
import { describe, expect, it } from 'vitest'
import { requires } from '../requires.ts'
import { People } from './people.ts'

describe.skipIf(!requires('netns', 'nftables'))('two people on one local network', () => {
  it('C3: find each other there when their relay is gone and their addresses have changed', async () => {
    await using people = await People.in({ places: { relay: {} }, sites: { home: { nat: 'port-restricted', machines: ['alice', 'bob'] } } })
    const relay = await people.relay()
    const [alice, bob] = await people.meet(relay.addresses, 'alice', 'bob')
    await Promise.all([alice.reaches(bob, 'direct:tcp', 5_000), bob.reaches(alice, 'direct:tcp', 5_000)])
    await relay.kill()
    await people.lab.site('home').cut()
    for (const name of ['alice', 'bob']) {
      await people.lab.site('home').admit(people.lab.machine(name))
      await Promise.all([alice.writesTo(bob, `alice without a relay, ${name} has moved`, 30_000), bob.writesTo(alice, `bob without a relay, ${name} has moved`, 30_000)])
    }
    expect((await alice.person.does('peers'))['peers']).toContainEqual(expect.objectContaining({ name: 'bob', online: true, path: 'direct:tcp' }))
  })

  it.each([['ipv4'], ['ipv6']] as const)('C3: meet by a link alone where there never was a relay, on %s only', async (family) => {
    await using people = await People.in({ sites: { home: { nat: 'port-restricted', machines: ['alice', 'bob'], families: [family] } } })
    const [alice, bob] = await people.meet([], 'alice', 'bob')
    const deliveredMs = await alice.writesTo(bob, 'hello')
    console.log(`delivered in ${deliveredMs} ms on a network without a relay`)
    await people.lab.site('home').admit(people.lab.machine('alice'))
    console.log(`after a new address in ${await bob.writesTo(alice, 'hello again', 30_000)} ms`)
    expect(await bob.reaches(alice, 'direct:tcp', 5_000)).toBeLessThan(5_000)
    // Nobody knows of anybody where he is now: they have to ask.
    for (const name of ['alice', 'bob']) await people.lab.machine(name).unplug()
    for (const name of ['alice', 'bob']) await people.lab.site('home').admit(people.lab.machine(name))
    console.log(`after two new addresses in ${await bob.writesTo(alice, 'hello for the third time', 30_000)} ms`)
  })
})
