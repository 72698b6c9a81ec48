import { setTimeout as pause } from 'node:timers/promises'
import { PeerProcess, scratch } from './peer-process.ts'
import type { Row } from './row.ts'

const nodes = 20
const broadcasts = 100_000
const direct = 15_000

/** Broadcast messages to 20 nodes, each a process, and direct ones to one of them; sent in batches. */
export async function messages(): Promise<readonly Row[]> {
  const peers: PeerProcess[] = []
  try {
    for (let i = 0; i < nodes; i++) peers.push(await PeerProcess.start(scratch()))
    return await measure(peers)
  } finally {
    await Promise.all(peers.map((peer) => peer[Symbol.asyncDispose]()))
  }
}

async function measure(peers: readonly PeerProcess[]): Promise<readonly Row[]> {
  const [sender, ...others] = peers as [PeerProcess, ...PeerProcess[]]
  const receiver = others[0] as PeerProcess
  await sender.call('create', 'bench')
  const link = await sender.call<string>('invite', nodes)
  for (const other of others) await other.call('join', link)
  await until(async () => (await Promise.all(peers.map((peer) => peer.call<number>('sessions')))).every((count) => count === nodes - 1))
  for (const other of others) await other.call('countMessages')
  const arrived = (): Promise<Arrived[]> => Promise.all(others.map((other) => other.call<Arrived>('arrived')))

  const broadcastSeconds = await seconds(async () => {
    await sender.call('send', '*', broadcasts)
    await until(async () => (await arrived()).every(({ once }) => once >= broadcasts))
  })
  const all = await arrived()
  const name = await receiver.call<string>('name')
  const directSeconds = await seconds(async () => {
    await sender.call('send', name, direct)
    await until(async () => (await receiver.call<Arrived>('arrived')).once >= broadcasts + direct)
  })
  return [
    { what: '100k broadcast messages, 20 nodes: delivered', value: (100 * all.reduce((sum, { once }) => sum + once, 0)) / (broadcasts * others.length), unit: '%', target: { at: '>=', value: 100 } },
    { what: 'the same, delivered more than once', value: all.reduce((sum, { twice }) => sum + twice, 0), unit: '', target: { at: '<=', value: 0 } },
    { what: 'the same, to the last node', value: broadcasts / broadcastSeconds, unit: '/s', target: { at: '>=', value: 5000 } },
    { what: 'direct messages, sealed to one of 20', value: direct / directSeconds, unit: '/s', target: { at: '>=', value: 1500 } },
  ]
}

interface Arrived {
  readonly once: number
  readonly twice: number
}

async function seconds(run: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await run()
  return (performance.now() - start) / 1000
}

/** Asks every tenth of a second until it is so, or for two minutes. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 120_000; performance.now() < end; await pause(100)) if (await isSo()) return
}
