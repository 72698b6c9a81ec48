import { setTimeout as pause } from 'node:timers/promises'
import { localMesh, type LocalPeer } from './peers.ts'
import type { Row } from './row.ts'

const nodes = 20
const broadcasts = 100_000
const direct = 15_000
const batch = 1_000

/** Broadcast messages to 20 nodes, and direct ones to one of them, sent in batches as they would queue. */
export async function messages(): Promise<readonly Row[]> {
  await using peers = await localMesh(nodes)
  const [sender, receiver, ...others] = [...peers] as [LocalPeer, LocalPeer, ...LocalPeer[]]
  const counts = new Map<string, number>()
  const arrivals = [receiver, ...others].map(({ peer }) => {
    const arrived = new Set<string>()
    peer.meshFor(undefined).replica.onCommit(({ events }) => {
      for (const { id } of events.messages) {
        if (arrived.has(id)) counts.set(id, (counts.get(id) ?? 1) + 1)
        arrived.add(id)
      }
    })
    return arrived
  })
  const run = async (to: string, count: number, done: () => boolean): Promise<number> => {
    const start = performance.now()
    for (let at = 0; at < count; at += batch) await Promise.all(Array.from({ length: Math.min(batch, count - at) }, (_, i) => sender.services.messages.send({ to: [to], text: `message ${at + i}`, priority: 'next' })))
    for (const end = performance.now() + 120_000; !done() && performance.now() < end; ) await pause(20)
    return (performance.now() - start) / 1000
  }
  const broadcastSeconds = await run('*', broadcasts, () => arrivals.every((arrived) => arrived.size >= broadcasts))
  const delivered = arrivals.reduce((sum, arrived) => sum + Math.min(arrived.size, broadcasts), 0) / (broadcasts * arrivals.length)
  const name = receiver.peer.meshFor(undefined).names.device(receiver.peer.identity.device)
  const directSeconds = await run(name, direct, () => (arrivals[0] as Set<string>).size >= broadcasts + direct)
  return [
    { what: '100k broadcast messages, 20 nodes: delivered', value: 100 * delivered, unit: '%', target: { at: '>=', value: 100 } },
    { what: 'the same, delivered more than once', value: counts.size, unit: '', target: { at: '<=', value: 0 } },
    { what: 'the same, to the last node', value: broadcasts / broadcastSeconds, unit: '/s', target: { at: '>=', value: 5000 } },
    { what: 'direct messages, sealed to one of 20', value: direct / directSeconds, unit: '/s', target: { at: '>=', value: 1500 } },
  ]
}
