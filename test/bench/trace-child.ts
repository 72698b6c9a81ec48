/** The history of a paper, 260,000 edits, through the log of a real peer, beside bare Yjs. Prints its rows as JSON; none where the history is not at hand. */
import * as Y from 'yjs'
import { applyPatches, readEditingTrace, type EditingTrace } from '../editing-trace.ts'
import { LocalPeer } from './peers.ts'
import type { Row } from './row.ts'

/** Edits that one reading of a socket brings: they are handed over in one turn. */
const burst = 1000

console.log(JSON.stringify(await trace()))
process.exit(0)

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
