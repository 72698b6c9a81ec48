/** What many peers cost a relay, and how soon all of them are back after it was restarted. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { timed } from './measure.ts'
import { RelayProcess } from './relay-process.ts'
import type { Row } from './row.ts'

/** The relay returns what a burst needed when it has been quiet for a while (cli/give-back-memory.ts). */
const settleMs = 40_000

export async function relay(): Promise<readonly Row[]> {
  return [await idle(1000, 4), await reconnecting(200)]
}

async function idle(peers: number, processes: number): Promise<Row> {
  const served = await RelayProcess.start()
  await pause(2_000)
  const empty = served.rss()
  const swarms = Array.from({ length: processes }, () => swarm(peers / processes, served.address))
  await Promise.all(swarms.map((child) => said(child, 'ready')))
  await pause(settleMs)
  const full = served.rss()
  for (const child of swarms) child.kill('SIGKILL')
  await served.kill()
  return { what: `relay with ${peers} idle peers, memory`, value: full / 1e6, unit: 'MB', target: { at: '<=', value: 200 }, floor: { what: 'the relay with none', value: empty / 1e6 } }
}

/** The clients are ours, in one process, and their pauses between attempts count. */
async function reconnecting(peers: number): Promise<Row> {
  const served = await RelayProcess.start()
  const child = swarm(peers, served.address)
  await said(child, 'ready')
  const lost = said(child, 'lost')
  await served.kill()
  await lost
  const again = await RelayProcess.start(served.port)
  const { ms } = await timed(() => said(child, 'ready'))
  child.kill('SIGKILL')
  await again.kill()
  return { what: `${peers} peers reconnecting at once, all reserved again`, value: ms / 1000, unit: 's', target: { at: '<=', value: 5 } }
}

function swarm(count: number, address: string): ChildProcess {
  return fork(join(import.meta.dirname, 'swarm-child.ts'), [String(count), address], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: ['--no-warnings'] })
}

async function said(child: ChildProcess, word: string): Promise<void> {
  for (;;) if ((await once(child, 'message'))[0] === word) return
}
