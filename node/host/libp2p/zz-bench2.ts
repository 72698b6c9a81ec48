import { openLibp2pNetwork } from '../libp2p-network.ts'
import { silentLog } from '../../ports/log.ts'
import { randomBytes } from 'node:crypto'
import { nodeRuntime } from '../node-runtime.ts'
const mk = () => openLibp2pNetwork({ seed: randomBytes(32), listen: ['127.0.0.1:0'], listenWs: [], runtime: nodeRuntime(), log: silentLog, online: true })
const tick = () => new Promise((r) => setImmediate(r))
const a = await mk(), b = await mk()
let got = 0, bytesIn = 0
b.handle('/x/1', (s) => s.onFrame((f) => { got++; bytesIn += f.length; if (bytesIn >= 65536) { bytesIn -= 65536; s.send(new Uint8Array([9, 9])) } }))
a.learn(b.device, b.addresses())
const s = await a.open(b.device, '/x/1', new AbortController().signal)
let acked = 0
s.onFrame(() => acked += 65536); s.onClose((w) => console.log('CLOSED', w))
const size = Number(process.argv[2]), n = Number(process.argv[3]), f = randomBytes(size)
const cpu = process.cpuUsage(); const t = performance.now()
for (let i = 0; i < n; i++) { while (i * size - acked >= 1024 * 1024) await tick(); s.send(f) }
while (got < n) await tick()
const ms = performance.now() - t, c = process.cpuUsage(cpu)
console.log(size, `${(n / ms * 1000).toFixed(0)}/s ${(n * size / ms / 1000).toFixed(0)} MB/s cpu ${((c.user + c.system) / n).toFixed(1)} µs/frame, MB per cpu-s ${(n * size / (c.user + c.system)).toFixed(0)}`)
process.exit(0)
