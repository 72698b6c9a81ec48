/** Evidence of forked logs in SQLite. Few rows, so each run is one blob. */
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
    all: database.prepare('SELECT log, seq, run FROM evidence ORDER BY n'),
    at: database.prepare('SELECT n, run FROM evidence WHERE log = ? AND seq = ?'),
    add: database.prepare('INSERT INTO evidence (log, seq, run) VALUES (?, ?, ?)'),
    replace: database.prepare('UPDATE evidence SET run = ? WHERE n = ?'),
  }))
  return {
    evidence: () => statements().all.all().map(readEvidence),
    add: (evidence) => {
      for (const { log, seq, run } of evidence) {
        const known = statements().at.all(toBlob(log), seq).find(([, packed]) => isStartOf(unpack(asBytes(packed)), run))
        if (known) statements().replace.run(encode(runCodec, run), asNumber(known[0]))
        else statements().add.run(toBlob(log), seq, encode(runCodec, run))
      }
    },
  }
}

/** @param row log, seq and run, as stored */
export function readEvidence([log, seq, run]: SqlRow): Batch['evidence'][number] {
  return { log: asHex(log) as LogId, seq: asNumber(seq), run: unpack(asBytes(run)) }
}

const runCodec = list(bytes(limits.entryBytes), 1 << 20)

function unpack(packed: Uint8Array): readonly Uint8Array[] {
  const run = decode(runCodec, packed)
  if (!run.ok) throw new StoreError('corrupt', `evidence does not decode: ${run.detail}`)
  return run.value
}

function isStartOf(start: readonly Uint8Array[], run: readonly Uint8Array[]): boolean {
  return start.length <= run.length && start.every((bytes, i) => Buffer.compare(bytes, run[i] as Uint8Array) === 0)
}
