/** Which path two people get, by the networks that they sit in. Of each sort one pair; ATOLL_LONG=1 tries all, both ways. */
import { describe, expect, it, vi } from 'vitest'
import { requires } from '../requires.ts'
import { People } from './people.ts'
import { pairsOfSides, siteOf } from './sides.ts'

/** A relayed pair has so long to see each other directly. Three seconds are the aim, and printed; on a busy machine a suite must not fail by its load. */
const betterMs = 6_000

describe.skipIf(!requires('netns', 'nftables'))('two people and a relay on the internet', () => {
  it.each(pairsOfSides(process.env['ATOLL_LONG'] === '1'))('C3: %s and %s see each other at once, then by the best path: %s', async (one, other, path) => {
    await using people = await People.in({ places: { relay: {} }, sites: { one: siteOf(one, 'alice'), other: siteOf(other, 'bob') } })
    const relay = await people.relay()
    const [alice, bob] = await people.meet(relay.addresses, 'alice', 'bob')
    const first = (await bob.peer(alice))?.path
    expect([path, 'relayed']).toContain(first)
    const deliveredMs = await alice.writesTo(bob, 'first', 2_000)
    const [, betterAfterMs] = await Promise.all([alice.reaches(bob, path, betterMs), bob.reaches(alice, path, betterMs)])
    console.log(`${one} and ${other}: ${first}, delivered in ${deliveredMs} ms, ${path} ${betterAfterMs} ms later`)
    await relay.kill()
    if (path === 'relayed') {
      await alice.reaches(bob, 'none', 15_000)
      await people.relay()
    }
    await bob.writesTo(alice, 'without the relay')
    await alice.writesTo(bob, 'and back')
    for (const [from, to] of [[alice, bob], [bob, alice]] as const) expect((await from.person.does('peers'))['peers']).toContainEqual(expect.objectContaining({ name: to.person.name, online: true, path }))
  })
  it('C4: two behind symmetric NATs try in vain to meet directly, and never say that they did', async () => {
    await using people = await People.in({ places: { relay: {} }, sites: { one: siteOf('symmetric', 'alice'), other: siteOf('symmetric', 'bob') } })
    const relay = await people.relay()
    const [alice, bob] = await people.meet(relay.addresses, 'alice', 'bob')
    const seen = new Set<string>()
    const pairs = [[alice, bob], [bob, alice]] as const
    await vi.waitFor(async () => {
      const told = await Promise.all(pairs.map(([from, to]) => from.client.call('peer.explain', { peer: to.person.name })))
      for (const { path } of told) seen.add(path)
      for (const { attempts } of told) expect(attempts).toContainEqual(expect.objectContaining({ kind: 'direct:webrtc', outcome: 'failed' }))
    }, { timeout: 60_000, interval: 50 })
    expect([...seen]).toEqual(['relayed'])
  })
})
