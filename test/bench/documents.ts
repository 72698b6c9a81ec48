import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { runAtoll, startAtoll, type Running } from '../doubles/run-atoll.ts'
import { applyPatches, readEditingTrace, type EditingTrace } from '../editing-trace.ts'
import { percentile, program } from './measure.ts'
import { scratch } from './peer-process.ts'
import { LocalPeer } from './peers.ts'
import type { Row } from './row.ts'

const keystrokes = 300
/** Edits that one reading of a socket brings: they are handed over in one turn. */
const burst = 1000

/** Live documents: a real editing history through the log and back, and a key from one editor to another. */
export async function documents(): Promise<readonly Row[]> {
  return [...(await trace()), ...(await typing())]
}

/** The history of a paper, 260,000 edits: skipped where it is not at hand. */
async function trace(): Promise<readonly Row[]> {
  const history = readEditingTrace()
  if (!history) return []
  const { txns, endContent } = history
  const bare = apply(txns, () => undefined)
  const snapshot = Y.encodeStateAsUpdateV2(bare.doc)
  const loadStart = performance.now()
  Y.applyUpdateV2(new Y.Doc(), snapshot)
  const bareLoadMs = performance.now() - loadStart

  await using peer = await LocalPeer.open('writer')
  await peer.services.meshes.create({ name: 'bench', relays: [] })
  const { id } = await peer.services.documents.create({ title: 'paper', part: 'content' })
  const { documents: open } = peer.peer.meshFor(undefined)
  let ms: number
  {
    using held = open.hold(id)
    // What is handed over in one turn is committed as one.
    const pending = new Set<Promise<void>>()
    const start = performance.now()
    let count = 0
    const doc = new Y.Doc()
    doc.on('update', (update: Uint8Array) => void pending.add(held.document.write(update, doc)))
    const text = doc.getText('content')
    for (const { patches } of txns) {
      doc.transact(() => applyPatches(text, patches))
      if (++count % burst === 0) await allOf(pending)
    }
    await allOf(pending)
    ms = performance.now() - start
    if (held.document.text('content') !== endContent) throw new Error('the trace did not come to its end')
  }
  // Letting go of it left a snapshot to be written: what is written after it is written after it.
  await peer.services.state.set('after', 'the snapshot')
  // Before and after, since the machine is not alone.
  const bareMs = (bare.ms + apply(txns, () => undefined).ms) / 2
  const openStart = performance.now()
  using again = open.hold(id)
  const openMs = performance.now() - openStart
  if (again.document.text('content') !== endContent) throw new Error('the document was not loaded whole')
  return [
    { what: `editing trace of ${txns.length} edits, through the log, ${burst} at a time, each time durable`, value: ms / 1000, unit: 's', target: { at: '<=', value: (1.5 * bareMs) / 1000 }, floor: { what: 'bare Yjs', value: bareMs / 1000 } },
    { what: 'the document it makes, opened', value: openMs, unit: 'ms', target: { at: '<=', value: 1.5 * bareLoadMs }, floor: { what: 'bare Yjs', value: bareLoadMs } },
  ]
}

async function allOf(pending: Set<Promise<void>>): Promise<void> {
  await Promise.all(pending)
  pending.clear()
}

function apply(txns: EditingTrace['txns'], each: (update: Uint8Array) => void): { doc: Y.Doc; ms: number } {
  const doc = new Y.Doc()
  doc.on('update', each)
  const text = doc.getText('content')
  const start = performance.now()
  for (const { patches } of txns) doc.transact(() => applyPatches(text, patches))
  return { doc, ms: performance.now() - start }
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
