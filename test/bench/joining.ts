import { timed } from './measure.ts'
import { PeerProcess, scratch } from './peer-process.ts'
import type { Row } from './row.ts'

const keys = 100_000
const valueBytes = 20

/** Joining a mesh of 100k keys, written so many to an entry; then what is left on the wire and on disk per key. */
export async function joining({ commitMs }: { commitMs: number }): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const [perEntry, seconds] of [[100, 2.5], [1, 6]] as const) {
    await using a = await PeerProcess.start(scratch())
    await using b = await PeerProcess.start(scratch())
    await a.call('create', 'bench')
    await a.call('fill', keys, perEntry, valueBytes)
    const link = await a.call<string>('invite', 2)
    const { ms } = await timed(() => b.call('join', link))
    const held = await b.call<number>('count')
    if (held < keys) throw new Error(`only ${held} of ${keys} keys arrived`)
    const raw = 'key-00000'.length + valueBytes + 2
    rows.push({ what: `join a mesh of 100k keys, ${perEntry} to an entry`, value: ms / 1000, unit: 's', target: { at: '<=', value: seconds }, floor: { what: 'bare synced commits of 1000 keys', value: (commitMs * keys) / 1000 / 1000 } })
    if (perEntry === 100) rows.push({ what: 'bytes of entries per key beyond raw key and value', value: (await b.call<number>('logBytes')) / keys - raw, unit: 'B', target: { at: '<=', value: 40 } })
    rows.push({ what: `disk per key, entries and register together, ${perEntry} to an entry`, value: (await b.call<number>('bytes')) / keys, unit: 'B' })
  }
  return rows
}
