/** A scraper at a real node, while two talk. */
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { operations } from '../../node/ops/index.ts'
import { World, type Person } from './world.ts'

const patience = { timeout: 30_000, interval: 200 }

/** Values by name and labels, as a scraper keeps them. */
async function scrape(url: string): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(url)
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`)
  const lines = (await response.text()).trimEnd().split('\n').filter((line) => !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
}

/** The only value of a family, whatever its labels. */
function only(readings: ReadonlyMap<string, number>, name: string): number {
  const found = [...readings].filter(([key]) => key === name || key.startsWith(`${name}{`))
  expect(found.map(([key]) => key)).toHaveLength(1)
  return found[0]![1]
}

describe('metrics of a running node', () => {
  const world = new World()
  let alice: Person
  let bob: Person
  let url: string

  beforeAll(async () => {
    ;[alice, bob] = await Promise.all([world.node('alice', { env: { ATOLL_METRICS: '127.0.0.1:0' } }), world.node('bob')])
    await alice.does('create', 'reef', '--as', 'alice')
    await bob.does('join', (await alice.does('invite'))['link'] as string, '--name', 'bob')
    await alice.inSync(1)
    url = (await alice.does('status'))['metrics'] as string
  })
  afterAll(() => world[Symbol.asyncDispose]())

  test('are scraped over HTTP: path, round trip and bytes of the peer, which grow as the two talk; every operation, the process, the store', async () => {
    await vi.waitFor(async () => expect(only(await scrape(url), 'atoll_peer_rtt_seconds')).toBeGreaterThan(0), patience)
    const before = await scrape(url)
    expect(only(before, 'atoll_peer_rtt_seconds')).toBeLessThan(5)
    expect([...before.keys()].filter((key) => key.startsWith('atoll_peer_path{'))).toEqual([expect.stringMatching(/^atoll_peer_path\{peer="[0-9a-f]{12}",path="direct:tcp"\}$/)])
    expect([...before.keys()].find((key) => key.startsWith('atoll_peer_info{'))).toMatch(/,name="bob"\}$/)
    for (const { name } of operations) expect({ name, known: before.has(`atoll_operation_calls_total{operation="${name}"}`) }).toEqual({ name, known: true })
    for (const name of ['process_resident_memory_bytes', 'process_cpu_seconds_total', 'atoll_node_uptime_seconds', 'atoll_node_busy_seconds_total', 'atoll_mesh_entries', 'atoll_mesh_store_bytes', 'atoll_sync_sessions']) expect({ name, value: only(before, name) }).toEqual({ name, value: expect.any(Number) as number })
    expect([only(before, 'atoll_files_bytes'), only(before, 'atoll_node_relay_reservations')]).toEqual([0, 0])

    await alice.does('state', 'set', 'k', JSON.stringify('x'.repeat(20_000)))
    await bob.does('state', 'set', 'l', JSON.stringify('y'.repeat(20_000)))
    await alice.inSync(1)
    await alice.fails('state', 'get', 'nothing')
    const after = await scrape(url)
    for (const name of ['atoll_peer_sent_bytes_total', 'atoll_peer_received_bytes_total', 'atoll_sync_sent_bytes_total', 'atoll_sync_received_bytes_total']) expect({ name, by: only(after, name) - only(before, name) > 20_000 }).toEqual({ name, by: true })
    const grew = (key: string): number => (after.get(key) ?? 0) - (before.get(key) ?? 0)
    expect([grew('atoll_operation_calls_total{operation="state.set"}'), grew('atoll_operation_failures_total{operation="state.get",code="key_unknown"}'), grew('atoll_operation_duration_seconds_count{operation="state.set"}')]).toEqual([1, 1, 1])
    expect(grew('atoll_operation_duration_seconds_sum{operation="state.set"}')).toBeGreaterThan(0)
  })

  test('T8: under a foreign Host nothing is said', async () => {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
    request(url, { headers: { host: `evil.example:${new URL(url).port}` } }, (response) => resolve(response.resume().statusCode)).once('error', reject).end()
    expect(await promise).toBe(421)
  })

  test('H1: are served to this machine only; the command prints them the same', async () => {
    expect(await alice.fails('config', 'set', 'metrics', '0.0.0.0:9464')).toMatchObject({ code: 'bad_input', message: expect.stringContaining('Use 127.0.0.1:9464') as string, status: 2 })
    const printed = await alice.prints('metrics')
    expect(printed).toContain('\natoll_operation_calls_total{operation="state.set"} ')
    expect(((await alice.does('metrics'))['metrics'] as { name: string; type: string }[]).find(({ name }) => name === 'atoll_peer_rtt_seconds')).toMatchObject({ type: 'gauge', samples: [{ labels: { peer: expect.any(String) as string }, value: expect.any(Number) as number }] })
  })

  test('follow the setting while the node runs, and say when the place is taken', async () => {
    expect((await bob.does('status'))['metrics']).toBeNull()
    await bob.does('config', 'set', 'metrics', new URL(url).host)
    await vi.waitFor(async () => expect((await bob.does('status'))['warnings']).toEqual([expect.stringContaining('Metrics cannot be served') as string]), patience)
    await bob.does('config', 'set', 'metrics', 'localhost:0')
    await vi.waitFor(async () => expect(await bob.does('status')).toMatchObject({ metrics: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/) as string, warnings: [] }), patience)
    expect([...(await scrape((await bob.does('status'))['metrics'] as string)).keys()].some((key) => key.endsWith(',name="alice"}'))).toBe(true)
  })
})
