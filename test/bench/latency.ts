import { setTimeout as pause } from 'node:timers/promises'
import { percentile } from './measure.ts'
import { PeerProcess, scratch } from './peer-process.ts'
import type { Row } from './row.ts'

const writes = 500

/** One write committed on A, visible and committed on B, 50 writes a second, two processes. */
export async function latency({ commitMs, oneWayMs }: { commitMs: number; oneWayMs: number }): Promise<readonly Row[]> {
  await using a = await PeerProcess.start(scratch())
  await using b = await PeerProcess.start(scratch())
  await a.call('create', 'bench')
  await b.call('join', await a.call<string>('invite', 2))
  await b.call('watch')
  await pause(1000)
  const started = new Map<string, number>()
  for (let i = 0; i < writes; i++) {
    void a.call<number>('write', `w${i}`).then((at) => started.set(`w${i}`, at))
    await pause(20)
  }
  await pause(1000)
  const seen = new Map(await b.call<[string, number][]>('seen'))
  const times = [...started].flatMap(([key, at]) => (seen.has(key) ? [(seen.get(key) as number) - at] : []))
  const bare = 2 * commitMs + oneWayMs
  const floor = { what: 'two bare commits and one way', value: bare }
  return [
    { what: 'write on A → committed and visible on B, p50', value: percentile(times, 0.5), unit: 'ms', target: { at: '<=', value: 3 }, floor },
    { what: 'the same, p99', value: percentile(times, 0.99), unit: 'ms', target: { at: '<=', value: 20 }, floor },
    { what: 'the same, arrived', value: (100 * times.length) / writes, unit: '%', target: { at: '>=', value: 100 } },
  ]
}
