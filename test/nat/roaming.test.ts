/** Networks that change under people who are at work. */
import { describe, expect, it } from 'vitest'
import { requires } from '../requires.ts'
import { People } from './people.ts'
import { until, type Resident } from './resident.ts'

/** In sync so soon after having a route. Two seconds are the aim, and printed; on a busy machine a suite must not fail by its load. */
const withinMs = 5_000
const homes = { alices: { nat: 'port-restricted', machines: ['alice'] }, bobs: { nat: 'port-restricted', machines: ['bob'] }, cafe: { nat: 'symmetric', machines: [] } } as const

/** Writes so many values, some at once as programs do, and calls back on the way. */
async function writeMany(by: Resident, name: string, count: number, at: (written: number) => Promise<void> = async () => {}): Promise<void> {
  const atOnce = 50
  for (let written = 0; written < count; written += atOnce) {
    await Promise.all([at(written), ...Array.from({ length: atOnce }, (_, i) => by.write(`${name}/${written + i}`))])
  }
}

/** Both see the other's next word, know that they hold the same, and do: in how many milliseconds. */
async function meetAgain(alice: Resident, bob: Resident, word: string): Promise<number> {
  const began = performance.now()
  await Promise.all([alice.writesTo(bob, `alice ${word}`, 60_000), bob.writesTo(alice, `bob ${word}`, 60_000)])
  await Promise.all([bob.inSyncWith(alice, 10_000), alice.inSyncWith(bob, 10_000)])
  const tookMs = Math.round(performance.now() - began)
  console.log(`${word}: in sync after ${tookMs} ms`)
  return tookMs
}

describe.skipIf(!requires('netns', 'nftables'))('people who move', () => {
  it('C3: a machine gets another address and goes to other networks in the middle of many writes: all arrive', async () => {
    await using people = await People.in({ places: { relay: {} }, sites: homes })
    const relay = await people.relay()
    const [alice, bob] = await people.meet(relay.addresses, 'alice', 'bob')
    const moves = new Map([[500, 'alices'], [1000, 'cafe'], [1500, 'alices']])
    await writeMany(alice, 'key', 2000, async (written) => {
      const site = moves.get(written)
      if (site !== undefined) await people.lab.site(site).admit(people.lab.machine('alice'))
    })
    expect(await meetAgain(alice, bob, 'after three moves')).toBeLessThan(withinMs)
    expect([await alice.count('key/'), await bob.count('key/')]).toEqual([2000, 2000])
  })

  it('C3: whoever worked without a network is in sync soon after having one', async () => {
    await using people = await People.in({ places: { relay: {} }, sites: homes })
    const relay = await people.relay()
    const [alice, bob] = await people.meet(relay.addresses, 'alice', 'bob')
    for (const site of ['cafe', 'alices', 'cafe']) {
      await people.lab.machine('alice').unplug()
      await writeMany(alice, site, 500)
      await bob.write(`meanwhile, before ${site}`)
      await people.lab.site(site).admit(people.lab.machine('alice'))
      expect(await meetAgain(alice, bob, `back at ${site}`)).toBeLessThan(withinMs)
    }
  })

  it('C3: a line that is dead for a while, which no interface shows', async () => {
    await using people = await People.in({ places: { relay: {} }, sites: homes })
    const relay = await people.relay()
    const [alice, bob] = await people.meet(relay.addresses, 'alice', 'bob')
    await people.lab.site('alices').cut()
    await Promise.all([alice, bob].map((one, index, both) => one.reaches(both[1 - index]!, 'none', 20_000)))
    await Promise.all([writeMany(alice, 'alone', 100), writeMany(bob, 'alone too', 100)])
    await people.lab.site('alices').restore()
    expect(await meetAgain(alice, bob, 'after a dead line')).toBeLessThan(withinMs)
  })

  it('C3 H1: a network whose captive portal answers in the place of everybody: it is named, and syncs soon after somebody has logged in', async () => {
    await using people = await People.in({ places: { relay: {} }, sites: homes })
    const relay = await people.relay()
    const [alice, bob] = await people.meet(relay.addresses.filter((address) => address.includes('/11.')), 'alice', 'bob')
    for (const stay of ['first', 'second']) {
      const cafe = people.lab.site('cafe')
      await cafe.portal()
      await cafe.admit(people.lab.machine('alice'))
      await Promise.all([writeMany(alice, `alone ${stay}`, 100), writeMany(bob, `alone too ${stay}`, 100)])
      const named = expect.stringContaining('captive portal') as string
      await until(20_000, async () => {
        expect((await alice.client.call('node.netcheck', {})).findings).toContainEqual({ tone: 'bad', text: expect.stringContaining('something else answers there') as string, advice: named })
        expect((await alice.client.call('peer.explain', { peer: 'bob' })).advice).toContainEqual(named)
      })
      expect((await alice.peer(bob))?.path).toBe('none')
      await cafe.logIn()
      expect(await meetAgain(alice, bob, `logged in for the ${stay} time`)).toBeLessThan(withinMs)
      expect([await alice.count('alone'), await bob.count('alone')]).toEqual(stay === 'first' ? [200, 200] : [400, 400])
      await people.lab.site('alices').admit(people.lab.machine('alice'))
      await meetAgain(alice, bob, `home after the ${stay} time`)
    }
  })
})
