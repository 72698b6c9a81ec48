/** What a scraper is told of whole peers, on a network and clocks in memory. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { verify } from '../../crdt/crypto/sign.ts'
import { metricsText, type MetricFamily } from '../../crdt/wire/metrics-text.ts'
import type { SimPeer } from './sim-peer.ts'
import { SimWorld } from './sim-world.ts'

const never = new AbortController().signal

class MetricsWorld extends SimWorld {
  constructor(seed: number) {
    super({ seed, verify })
  }

  done<T>(promise: Promise<T>): Promise<T> {
    return this.time.resolve(promise, 60_000)
  }

  /** Two in a mesh, in sync. */
  async pair(): Promise<readonly [SimPeer, SimPeer]> {
    const [alice, bob] = [this.peer('alice'), this.peer('bob')]
    await this.done(alice.services(undefined, never).meshes.create({ name: 'reef', relays: [], as: 'alice' }))
    const { link } = await this.done(alice.services(undefined, never).mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member' }))
    await this.done(bob.services(undefined, never).meshes.join({ link, name: 'bob', wait: true }, () => undefined, never))
    await this.time.advance(20_000)
    return [alice, bob]
  }

  async metrics(peer: SimPeer): Promise<Readings> {
    return new Readings(await this.done(peer.services(undefined, never).node.metrics()))
  }
}

/** One scrape. */
class Readings {
  readonly families: readonly MetricFamily[]

  constructor(families: readonly MetricFamily[]) {
    this.families = families
  }

  /** The values of a family with their labels. */
  of(name: string): readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[] {
    return this.families.find((family) => family.name === name)?.samples ?? []
  }

  /** The only value of a family. */
  one(name: string): number {
    const [only, ...others] = this.of(name)
    if (!only || others.length > 0) throw new Error(`${name} has ${others.length + (only ? 1 : 0)} values`)
    return only.value
  }
}

describe('metrics of a node', () => {
  test('path, round trip and bytes of each peer, by mesh and device; a session that begins anew does not begin to count anew', async () => {
    using world = new MetricsWorld(1)
    const [alice, bob] = await world.pair()
    const labels = { mesh: [...alice.peer!.meshes.keys()][0]!.slice(0, 12), peer: bob.device.slice(0, 12) }
    const before = await world.metrics(alice)
    expect(before.of('atoll_peer_info')).toEqual([{ labels: { ...labels, name: 'bob' }, value: 1 }])
    expect(before.of('atoll_peer_path')).toEqual([{ labels: { peer: labels.peer, path: 'direct:tcp' }, value: 1 }])
    expect(before.of('atoll_peer_rtt_seconds')).toEqual([{ labels, value: 0.002 }])
    for (const name of ['atoll_peer_online', 'atoll_peer_synced']) expect(before.of(name)).toEqual([{ labels, value: 1 }])
    expect([before.one('atoll_sync_sessions'), before.one('atoll_mesh_storage_ok')]).toEqual([1, 1])

    await world.done(alice.services(undefined, never).state.set('k', 'x'.repeat(10_000)))
    await world.time.advance(5_000)
    const grown = await world.metrics(alice)
    expect(grown.one('atoll_sync_sent_bytes_total') - before.one('atoll_sync_sent_bytes_total')).toBeGreaterThan(10_000)
    expect(grown.one('atoll_sync_received_bytes_total')).toBeGreaterThan(before.one('atoll_sync_received_bytes_total'))
    expect(grown.one('atoll_mesh_entries')).toBeGreaterThan(before.one('atoll_mesh_entries'))

    await world.done(bob.setOnline(false))
    // Till others believe no more what was last said of its presence.
    await world.time.advance(120_000)
    const apart = await world.metrics(alice)
    expect(apart.of('atoll_peer_path')).toEqual([{ labels: { peer: labels.peer, path: 'none' }, value: 1 }])
    expect([apart.one('atoll_peer_online'), apart.one('atoll_peer_synced'), apart.one('atoll_sync_sessions')]).toEqual([0, 0, 0])
    expect(apart.of('atoll_peer_rtt_seconds')).toEqual([])
    await world.done(bob.setOnline(true))
    await world.time.advance(30_000)
    const again = await world.metrics(alice)
    expect(again.one('atoll_sync_sessions')).toBe(1)
    expect(again.one('atoll_sync_sent_bytes_total')).toBeGreaterThan(grown.one('atoll_sync_sent_bytes_total'))
    expect((await world.done(alice.services(undefined, never).mesh.stats())).sent_bytes).toBe(again.one('atoll_sync_sent_bytes_total'))
  })

  test('T8 T9: what a peer calls itself is one label of one family, short, and ends no line', async () => {
    using world = new MetricsWorld(2)
    const [alice, bob] = await world.pair()
    const { replica } = bob.peer!.meshFor(undefined)
    const name = `"} 1\natoll_mesh_entries{mesh="x"} 0\r\n\u{2028}# TYPE \\ ${'y'.repeat(100_000)}`
    await world.done(replica.write([{ type: 'set', doc: 'members', key: replica.membership.memberOf(bob.device)!, value: JSON.stringify({ name }) }]))
    await world.time.advance(5_000)
    const { families } = await world.metrics(alice)
    const text = metricsText(families)
    const [info, ...others] = text.filter((line) => line.includes('atoll_mesh_entries{mesh=') && !line.startsWith('atoll_mesh_entries{'))
    expect([info, others]).toEqual([expect.stringMatching(/^atoll_peer_info\{mesh="[0-9a-f]{12}",peer="[0-9a-f]{12}",name="\\"\} 1\\natoll_mesh_entries\{mesh=\\"x\\"\} 0.+"\} 1$/), []])
    expect(info!.length).toBeLessThan(200)
    for (const line of text) expect(line).toMatch(/^(# HELP [a-z_]+ .+|# TYPE [a-z_]+ (gauge|counter|summary)|[a-z_]+(\{([a-z]+="([^"\\]|\\["\\n])*",?)+\})? [\d.e+-]+)$/)
    // One line for each set of labels, and each family once.
    const sets = text.filter((line) => !line.startsWith('#')).map((line) => line.replace(/ [\d.e+-]+$/, ''))
    expect(sets.length).toBe(new Set(sets).size)
    expect(families.length).toBe(new Set(families.map((family) => family.name)).size)
  })

  test('each family stands in node/README.md', async () => {
    using world = new MetricsWorld(4)
    const { families } = await world.metrics((await world.pair())[0])
    const readme = readFileSync(join(import.meta.dirname, '../../node/README.md'), 'utf8')
    expect(families.map(({ name }) => name).filter((name) => !readme.includes(`\`${name}\``))).toEqual([])
  })

  test('whoever was removed is shown no more', async () => {
    using world = new MetricsWorld(3)
    const [alice] = await world.pair()
    await world.done(alice.services(undefined, never).members.remove('bob'))
    await world.time.advance(30_000)
    const readings = await world.metrics(alice)
    for (const { name, samples } of readings.families.filter((family) => family.name.startsWith('atoll_peer_') || /^atoll_sync_.*_total$/.test(family.name))) expect({ name, samples }).toEqual({ name, samples: [] })
  })
})
