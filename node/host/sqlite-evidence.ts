/** Evidence of forked logs in SQLite. Few rows, so each run is one blob. */
import { crc32 } from 'node:zlib'
import { bytes, decode, encode, list } from '../../crdt/wire/codec.ts'
import { limits } from '../../crdt/wire/limits.ts'
import type { LogId } from '../../crdt/wire/ids.ts'
import { StoreError, type Batch, type MeshStore } from '../ports/store.ts'
import type { Database, SqlRow } from './sqlite-database.ts'
import { asBytes, asHex, asNumber, toBlob } from './sqlite-columns.ts'
import { lazily } from './sqlite-tables.ts'

export type SqliteEvidence = Pick<MeshStore, 'evidence'> & {
  /** Within a transaction. A run that begins with one that is kept replaces it. */
  add(evidence: Batch['evidence']): void
}

export function sqliteEvidence(database: Database): SqliteEvidence {
  const statements = lazily(() => ({
    all: database.prepare(`SELECT ${evidenceColumns} FROM evidence ORDER BY n`),
    at: database.prepare('SELECT n, run FROM evidence WHERE log = ? AND seq = ?'),
    add: database.prepare('INSERT INTO evidence (log, seq, run, checksum) VALUES (?, ?, ?, ?)'),
    replace: database.prepare('UPDATE evidence SET run = ?, checksum = ? WHERE n = ?'),
  }))
  return {
    evidence: () => statements().all.all().map(readEvidence),
    add: (evidence) => {
      for (const { log, seq, run } of evidence) {
        const known = statements().at.all(toBlob(log), seq).find(([, packed]) => isStartOf(unpack(asBytes(packed)), run))
        const packed = encode(runCodec, run)
        const checksum = checksumOf(toBlob(log), seq, packed)
        if (known) statements().replace.run(packed, checksum, asNumber(known[0]))
        else statements().add.run(toBlob(log), seq, packed, checksum)
      }
    },
  }
}

/** The columns that `readEvidence` reads. */
export const evidenceColumns = 'log, seq, run, checksum'

/** Throws StoreError where a row is not what was written. */
export function readEvidence([log, seq, run, checksum]: SqlRow): Batch['evidence'][number] {
  if (typeof checksum === 'number' && checksum !== checksumOf(asBytes(log), asNumber(seq), asBytes(run))) throw new StoreError('corrupt', 'evidence and its checksum differ')
  return { log: asHex(log) as LogId, seq: asNumber(seq), run: unpack(asBytes(run)) }
}

const checksumOf = (log: Uint8Array, seq: number, run: Uint8Array): number => crc32(run, crc32(log, seq >>> 0))

const runCodec = list(bytes(limits.entryBytes), 1 << 20)

function unpack(packed: Uint8Array): readonly Uint8Array[] {
  const run = decode(runCodec, packed)
  if (!run.ok) throw new StoreError('corrupt', `evidence does not decode: ${run.detail}`)
  return run.value
}

function isStartOf(start: readonly Uint8Array[], run: readonly Uint8Array[]): boolean {
  return start.length <= run.length && start.every((bytes, i) => Buffer.compare(bytes, run[i] as Uint8Array) === 0)
}
