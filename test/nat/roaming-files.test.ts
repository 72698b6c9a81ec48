/** Files on their way while networks change under those who send and fetch them. */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Path } from '../../node/ports/services.ts'
import { requires } from '../requires.ts'
import type { Nat } from './nat-rules.ts'
import { People } from './people.ts'
import { until } from './resident.ts'

const fileBytes = 24_000_000
const bytesPerSecond = 4_000_000
/** What was on its way when the address changed is sent anew (a window of 4 MiB, and what lay in buffers); and packets have headers. */
const wireBytes = fileBytes * 1.12 + 6_000_000

/** Who stays behind a slow line, and who goes from one fast network to another. */
const ways: readonly (readonly [path: Path, stays: Nat, goes: Nat])[] = [
  ['direct:tcp', 'none', 'port-restricted'],
  ['direct:webrtc', 'port-restricted', 'port-restricted'],
  ['relayed', 'symmetric', 'symmetric'],
]
const cases = ways.flatMap(([path, stays, goes]) => (['bob', 'alice'] as const).map((mover) => [path, mover === 'bob' ? 'receiver' : 'sender', mover, stays, goes] as const))

const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

describe.skipIf(!requires('netns', 'nftables', 'vxlan'))('a file of 24 MB from alice to bob', () => {
  it.each(cases)('C3 B1: %s: the %s gets another address and interface in mid-transfer, and only what is missing moves again', async (path, _, mover, stays, goes) => {
    const stayer = mover === 'bob' ? 'alice' : 'bob'
    await using people = await People.in({
      places: { relay: {} },
      sites: { slow: { nat: stays, machines: [stayer], bytesPerSecond, latencyMs: 10 }, former: { nat: goes, machines: [mover] }, latter: { nat: goes, machines: [] } },
    })
    const relay = await people.relay()
    const [alice, bob] = await people.meet(relay.addresses.filter((address) => address.includes('/11.')), 'alice', 'bob')
    await Promise.all([alice.reaches(bob, path, 20_000), bob.reaches(alice, path, 20_000)])
    const [original, copy] = [join(alice.person.home, 'original'), join(bob.person.home, 'copy')]
    writeFileSync(original, randomBytes(fileBytes))
    const { id } = await alice.client.call('file.share', { path: original })
    await until(10_000, async () => expect((await bob.client.call('file.list', {})).files).toContainEqual(expect.objectContaining({ id })))
    const before = await people.lab.site('slow').traffic()
    let fetched = 0
    const getting = bob.client.call('file.get', { id, save_to: copy }, { progress: (text, done = 0) => void (fetched = text === 'fetching' ? done : fetched) })
    await until(60_000, async () => expect(fetched).toBeGreaterThan(fileBytes / 3))
    await people.lab.site('latter').admit(people.lab.machine(mover))
    const [movedAt, atMove] = [performance.now(), fetched]
    expect(atMove, 'the change falls in the midst').toBeLessThan(fileBytes * 0.8)
    const goesOnMs = await until(60_000, async () => expect(fetched).toBeGreaterThan(atMove + 2_000_000))
    expect((await getting).bytes).toBe(fileBytes)
    expect(hashOf(copy)).toBe(hashOf(original))
    const moved = (await people.lab.site('slow').traffic()) - before
    console.log(`${path}, ${mover} moved at ${Math.round((100 * atMove) / fileBytes)} %: 2 MB more after ${goesOnMs} ms, whole after ${Math.round(performance.now() - movedAt)} ms, ${(moved / fileBytes).toFixed(2)} times its size on the wire`)
    expect(moved).toBeGreaterThan(fileBytes)
    expect(moved).toBeLessThan(wireBytes)
  })
})
