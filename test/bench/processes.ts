/** The built program as processes: an idle node with 20 peers, a command, the MCP server. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { runAtoll, startAtoll, type Running } from '../doubles/run-atoll.ts'
import { percentile, program, rssOf } from './measure.ts'
import { scratch } from './peer-process.ts'
import { LocalPeer } from './peers.ts'
import type { Row } from './row.ts'

const idleSeconds = 30

export async function processes(): Promise<readonly Row[]> {
  return [...(await idle()), ...(await commands())]
}

/** What a node costs that has 20 peers and nothing to do. */
async function idle(): Promise<readonly Row[]> {
  const home = scratch()
  const node = await startNode(home)
  const pid = node.child.pid as number
  try {
    const { link } = (await runAtoll(program, home, ['invite', '--uses', '20', '--json'])).json()
    const peers = await Promise.all(Array.from({ length: 20 }, (_, i) => LocalPeer.open(`p${i}`)))
    for (const { services } of peers) await services.meshes.join({ link: link as string, wait: false }, () => undefined, new AbortController().signal)
    await pause(10_000)
    const before = cpuSeconds(pid)
    await pause(idleSeconds * 1000)
    const cpu = ((cpuSeconds(pid) - before) / idleSeconds) * 100
    const rss = rssOf(pid)
    await Promise.all(peers.map((peer) => peer[Symbol.asyncDispose]()))
    return [
      { what: 'idle node with 20 peers: memory', value: rss / 1e6, unit: 'MB', target: { at: '<=', value: 140 } },
      { what: 'idle node with 20 peers: CPU', value: cpu, unit: '%', target: { at: '<=', value: 1 } },
    ]
  } finally {
    node.child.kill('SIGTERM')
    await node.finished
  }
}

/** Commands as a person or an agent starts them, beside a node that runs. */
async function commands(): Promise<readonly Row[]> {
  const home = scratch()
  const node = await startNode(home)
  try {
    const bareNode = await times(() => ended(spawn(process.execPath, ['-e', '0'])))
    const command = await times(() => runAtoll(program, home, ['peers']))
    const tools = await times(() => toolsList(home))
    const floor = { what: 'bare node -e 0', value: bareNode }
    return [
      { what: '`atoll peers`, node running', value: command, unit: 'ms', target: { at: '<=', value: 150 }, floor },
      { what: '`atoll mcp`: spawn to tools/list', value: tools, unit: 'ms', target: { at: '<=', value: 180 }, floor },
    ]
  } finally {
    node.child.kill('SIGTERM')
    await node.finished
  }
}

async function startNode(home: string): Promise<Running> {
  const node = startAtoll(program, home, ['up', '--json', '--listen', '127.0.0.1:0'])
  await node.saw('"socket"')
  await runAtoll(program, home, ['create', 'bench', '--as', 'bench', '--json'])
  return node
}

async function times(run: () => Promise<unknown>): Promise<number> {
  const taken: number[] = []
  for (let i = 0; i < 11; i++) {
    const start = performance.now()
    await run()
    taken.push(performance.now() - start)
  }
  return percentile(taken.slice(1), 0.5)
}

/** User and system time of a process so far. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function ended(child: ReturnType<typeof spawn>): Promise<unknown> {
  return new Promise((resolve) => child.once('close', resolve))
}

async function toolsList(home: string): Promise<void> {
  const { child, saw, finished } = spawnMcp(home)
  child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'bench', version: '0' } } })}\n`)
  child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n${JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list' })}\n`)
  await saw('"tools":')
  child.stdin?.end()
  child.kill('SIGTERM')
  await finished
}

function spawnMcp(home: string): { child: ReturnType<typeof spawn>; saw: (text: string) => Promise<void>; finished: Promise<unknown> } {
  const child = spawn(process.execPath, [program, 'mcp'], { env: { ...process.env, ATOLL_HOME: home }, stdio: ['pipe', 'pipe', 'ignore'] })
  let out = ''
  return {
    child,
    finished: ended(child),
    saw: (text) => new Promise((resolve) => child.stdout?.on('data', (chunk: Buffer) => ((out += chunk.toString()), out.includes(text) && resolve()))),
  }
}
