/**
 * `npm run bench [-- PART…]`: the speed table. Ours, the target and the floor in one run; JSON in .bench/. Absolute
 * figures are this machine's, now: compare ratios, and runs of one day.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { libp2pOneWay, syncedCommit } from './floors.ts'
import { joining } from './joining.ts'
import { latency } from './latency.ts'
import { messages } from './messages.ts'
import { processes } from './processes.ts'
import { recall } from './recall.ts'
import { show, type Row } from './row.ts'
import { blobs } from './blobs.ts'
import { documents } from './documents.ts'
import { fanOut } from './fan-out.ts'
import { paths } from './paths.ts'
import { relay } from './relay.ts'
import { trust } from './trust.ts'

const floors = { commitMs: syncedCommit(), oneWayMs: await libp2pOneWay() }
export type Floors = typeof floors

const parts: Record<string, (floors: Floors) => Promise<readonly Row[]>> = { latency, fanOut, joining, recall, messages, documents, blobs, paths, relay, trust, processes }
const wanted = process.argv.slice(2).filter((name) => !name.startsWith('-'))
const unknown = wanted.find((name) => !(name in parts))
if (unknown !== undefined) throw new Error(`no part called ${unknown}; there are ${Object.keys(parts).join(', ')}`)

const rows: Row[] = [
  { what: 'floor: one synced SQLite commit', value: floors.commitMs, unit: 'ms' },
  { what: 'floor: one way over a bare libp2p stream', value: floors.oneWayMs, unit: 'ms' },
]
for (const row of rows) console.log(show(row))
for (const [name, measure] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  for (const row of await measure(floors)) {
    rows.push(row)
    console.log(show(row))
  }
}
const folder = join(import.meta.dirname, '../../.bench')
mkdirSync(folder, { recursive: true })
const at = new Date().toISOString()
writeFileSync(join(folder, `${at.replaceAll(':', '-')}.json`), `${JSON.stringify({ at, node: process.version, rows }, null, 2)}\n`)
process.exit(0)
