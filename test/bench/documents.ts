import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { runAtoll, startAtoll, type Running } from '../doubles/run-atoll.ts'
import { percentile, program } from './measure.ts'
import { scratch } from './peer-process.ts'
import type { Row } from './row.ts'

const keystrokes = 300

/** Live documents: a real editing history through the log and back, and a key from one editor to another. */
export async function documents(): Promise<readonly Row[]> {
  return [...(await trace()), ...(await typing())]
}

/** In a process of its own: what ran before in this one costs some tenths of what is measured. */
async function trace(): Promise<readonly Row[]> {
  const child = spawn(process.execPath, ['--no-warnings', join(import.meta.dirname, 'trace-child.ts')], { stdio: ['ignore', 'pipe', 'inherit'] })
  return JSON.parse(await text(child.stdout)) as readonly Row[]
}

/** Two editors at two nodes, each a process: a key pressed in one until it is seen in the other. */
async function typing(): Promise<readonly Row[]> {
  const [a, b] = [await startNode(), await startNode()]
  try {
    await runAtoll(program, a.home, ['create', 'bench', '--as', 'a', '--json'])
    const { link } = (await runAtoll(program, a.home, ['invite', '--json'])).json()
    await runAtoll(program, b.home, ['join', link as string, '--name', 'b', '--json'])
    const { id } = (await runAtoll(program, a.home, ['doc', 'create', 'typing', '--json'])).json()
    await pause(2000)
    const [from, to] = [await editor(a.home, id as string), await editor(b.home, id as string)]
    const times: number[] = []
    let started = 0
    to.text.observe(() => void times.push(performance.now() - started))
    for (let i = 0; i < keystrokes; i++) {
      started = performance.now()
      from.text.insert(i, 'x')
      await pause(50)
    }
    await pause(500)
    for (const { provider } of [from, to]) provider.destroy()
    return [
      { what: 'a key from one editor to another at another node, p50', value: percentile(times, 0.5), unit: 'ms', target: { at: '<=', value: 15 } },
      { what: 'the same, p99', value: percentile(times, 0.99), unit: 'ms' },
      { what: 'the same, arrived', value: (100 * to.text.length) / keystrokes, unit: '%', target: { at: '>=', value: 100 } },
    ]
  } finally {
    for (const { node } of [a, b]) {
      node.child.kill('SIGTERM')
      await node.finished
    }
  }
}

async function startNode(): Promise<{ home: string; node: Running }> {
  const home = scratch()
  const node = startAtoll(program, home, ['up', '--json', '--listen', '127.0.0.1:0'])
  await node.saw('"socket"')
  return { home, node }
}

async function editor(home: string, id: string): Promise<{ text: Y.Text; provider: WebsocketProvider }> {
  const { url, room, protocols } = (await runAtoll(program, home, ['doc', 'connect', id, '--json'])).json() as { url: string; room: string; protocols: string[] }
  const doc = new Y.Doc()
  const provider = new WebsocketProvider(url, room, doc, { WebSocketPolyfill: WebSocket as never, protocols, disableBc: true })
  await new Promise<void>((resolve) => provider.on('sync', (synced: boolean) => synced && resolve()))
  return { text: doc.getText('content'), provider }
}
