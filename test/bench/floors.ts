/** What the bare parts cost on this machine, now: a synced SQLite commit and a libp2p stream. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { noise } from '@chainsafe/libp2p-noise'
import type { Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'
import { percentile } from './measure.ts'

/** Milliseconds of one commit of one small row with WAL and synchronous=FULL: the median of many. */
export function syncedCommit(): number {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-floor-'))
  const database = new DatabaseSync(join(folder, 'bare.db'))
  database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE row (id INTEGER PRIMARY KEY, bytes BLOB)')
  const insert = database.prepare('INSERT INTO row (bytes) VALUES (?)')
  const times: number[] = []
  for (let i = 0; i < 300; i++) {
    const start = performance.now()
    insert.run(new Uint8Array(300))
    times.push(performance.now() - start)
  }
  database.close()
  rmSync(folder, { recursive: true })
  return percentile(times, 0.5)
}

/** Half a round trip of 300 bytes over a bare libp2p stream (TCP, noise, yamux) in milliseconds: the median of many. */
export async function libp2pOneWay(): Promise<number> {
  const node = (): Promise<Libp2p> => createLibp2p({ addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] }, transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()] })
  const [a, b] = await Promise.all([node(), node()])
  await b.handle('/floor', async (stream: Stream) => {
    for await (const chunk of stream) stream.send(chunk)
  })
  const stream = await a.dialProtocol(b.getMultiaddrs(), '/floor')
  const times: number[] = []
  const chunks = stream[Symbol.asyncIterator]()
  for (let i = 0; i < 300; i++) {
    const start = performance.now()
    stream.send(new Uint8Array(300))
    for (let got = 0; got < 300; ) got += ((await chunks.next()).value as Uint8Array | undefined)?.byteLength ?? 300
    times.push((performance.now() - start) / 2)
  }
  await Promise.all([a.stop(), b.stop()])
  return percentile(times, 0.5)
}
