import { openLibp2pNetwork } from '../libp2p-network.ts'
import { silentLog } from '../../ports/log.ts'
import { randomBytes } from 'node:crypto'
import { nodeRuntime } from '../node-runtime.ts'
import { createNode } from './create-libp2p.ts'
import { generateKeyPair } from '@libp2p/crypto/keys'
const mk = (ws = false) => openLibp2pNetwork({ seed: randomBytes(32), listen: ws ? [] : ['127.0.0.1:0'], listenWs: ws ? ['127.0.0.1:0'] : [], runtime: nodeRuntime(), log: silentLog, online: true })
const never = new AbortController().signal
const wait = (ms) => new Promise((r) => setTimeout(r, ms))
const tick = () => new Promise((r) => setImmediate(r))
async function thr(name, size, total, send, received) {
  const n = Math.floor(total / size); const f = randomBytes(size); const cpu = process.cpuUsage(); const t = performance.now()
  await send(n, f); await received(n)
  const ms = performance.now() - t; const c = process.cpuUsage(cpu)
  console.log(name.padEnd(26), `${size} B`.padStart(9), `${(n / ms * 1000).toFixed(0)}/s`.padStart(10), `${(n * size / ms / 1000).toFixed(0)} MB/s`.padStart(9), `cpu ${((c.user + c.system) / 1000 / n * 1000).toFixed(1)} µs/frame`)
}
for (const ws of [false, true]) {
  const a = await mk(), b = await mk(ws)
  let got = 0, bytesIn = 0
  b.handle('/x/1', (s) => s.onFrame((f) => { if (f.length === 1) s.send(f); else { got++; bytesIn += f.length; if (bytesIn >= 65536) { bytesIn -= 65536; s.send(new Uint8Array([9, 9])) } } }))
  a.learn(b.device, b.addresses())
  const s = await a.open(b.device, '/x/1', never)
  let acked = 0, pong = () => {}
  s.onFrame((f) => { if (f.length === 1) pong(); else acked += 65536 }); s.onClose((w) => console.log('CLOSED', w))
  // credit: at most 4 windows
  const send = (size) => async (n, f) => { acked = 0; got = 0; bytesIn = 0; for (let i = 0; i < n; i++) { while (i * size - acked >= 1024 * 1024) await tick(); s.send(f) } }
  const rec = async (n) => { while (got < n) await tick() }
  await thr('warm', 1000, 2e7, send(1000), rec)
  await thr(ws ? 'frames ws' : 'frames tcp', 100, 2e7, send(100), rec)
  await thr(ws ? 'frames ws' : 'frames tcp', 8192, 3e8, send(8192), rec)
  if (!ws) await thr('frames tcp', 131072 , 1e9, send(131072 ), rec)
  else await thr('frames ws', 131072 , 3e8, send(131072 ), rec)
  const rtts = []
  for (let i = 0; i < 2000; i++) { const t = performance.now(); const p = new Promise<void>((r) => { pong = r }); s.send(new Uint8Array(1)); await p; rtts.push(performance.now() - t) }
  rtts.sort((x, y) => x - y); console.log('rtt µs p50', (rtts[1000] * 1000).toFixed(0), 'p99', (rtts[1980] * 1000).toFixed(0))
  // paced 10k/s of 100 B, one send per turn
  const cpu = process.cpuUsage(); got = 0; acked = 0; const t0 = performance.now(); let sent = 0
  while (sent < 20000) { const due = Math.min(20000, (performance.now() - t0) * 10); while (sent < due) { s.send(randomBytes(100)); sent++ } await wait(1) }
  await rec(20000); const c = process.cpuUsage(cpu); console.log('paced 10k/s 100 B: cpu', ((c.user + c.system) / 1000 / (performance.now() - t0) * 100).toFixed(0) + '%', 'took', (performance.now() - t0).toFixed(0))
  const opens = []
  for (let i = 0; i < 50; i++) { const t = performance.now(); const z = await a.open(b.device, '/x/1', never); opens.push(performance.now() - t); z.close('x'); }
  opens.sort((x, y) => x - y); console.log('open stream ms p50', opens[25].toFixed(2))
  const dials = []
  for (let i = 0; i < 30; i++) { a.drop(b.device, 'x'); while (a.connected().length) await tick(); const t = performance.now(); const z = await a.open(b.device, '/x/1', never); dials.push(performance.now() - t) }
  dials.sort((x, y) => x - y); console.log('dial+open ms p50', dials[15].toFixed(2), dials[28].toFixed(2))
  await a[Symbol.asyncDispose](); await b[Symbol.asyncDispose]()
}
// bare
const bare = async () => { const n = await createNode({ key: await generateKeyPair('Ed25519'), listen: ['/ip4/127.0.0.1/tcp/0'], gater: {}, transports: [], announced: () => [] }); await n.start(); return n }
const a = await bare(), b = await bare()
let bytes = 0
await b.handle('/x/1', (st) => { st.addEventListener('message', ({ data }) => { bytes += data.byteLength }) })
const c = await a.dial(b.services.inside.listeners().flat()[0].encapsulate('/p2p/' + b.peerId))
const st = await c.newStream('/x/1')
const sendB = async (n, f) => { bytes = 0; for (let i = 0; i < n; i++) if (!st.send(f)) await st.onDrain() }
for (const size of [100, 8192, 131072]) await thr('bare libp2p', size, size === 100 ? 5e6 : 1e9, sendB, async (n) => { while (bytes < n * size) await tick() })
await a.stop(); await b.stop()
process.exit(0)
