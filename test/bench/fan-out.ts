import { setTimeout as pause } from 'node:timers/promises'
import { percentile } from './measure.ts'
import { localMesh, type LocalPeer } from './peers.ts'
import type { Row } from './row.ts'

const nodes = 20
const perSecond = 200
const seconds = 10

/** 20 nodes in one process over TCP, 200 writes a second from one. */
export async function fanOut(): Promise<readonly Row[]> {
  await using peers = await localMesh(nodes)
  const started = new Map<string, number>()
  const times: number[] = []
  for (const { peer } of peers.slice(1)) {
    peer.meshFor(undefined).replica.onCommit(({ events }) => {
      const now = performance.now()
      for (const { key } of events.registers) if (started.has(key)) times.push(now - (started.get(key) as number))
    })
  }
  const writer = peers[0] as LocalPeer
  const begun = performance.now()
  for (let i = 0; i < perSecond * seconds; i++) {
    const due = begun + (i * 1000) / perSecond
    if (due > performance.now()) await pause(due - performance.now())
    started.set(`f${i}`, performance.now())
    void writer.services.state.set(`f${i}`, i)
  }
  const all = perSecond * seconds * (nodes - 1)
  for (const end = performance.now() + 30_000; times.length < all && performance.now() < end; ) await pause(50)
  return [
    { what: '20 nodes, 200 writes/s from one, 10 s: delivered', value: (100 * times.length) / all, unit: '%', target: { at: '>=', value: 100 } },
    { what: 'the same, p50', value: percentile(times, 0.5), unit: 'ms' },
    { what: 'the same, p99', value: percentile(times, 0.99), unit: 'ms', target: { at: '<=', value: 150 } },
  ]
}
