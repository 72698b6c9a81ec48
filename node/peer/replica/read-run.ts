import type { LogId } from '../../../crdt/wire/ids.ts'
import type { MeshStore } from '../../ports/store.ts'

/**
 * Entries of a log after a seq as one run that a peer can verify: it ends with an entry whose own signature was
 * checked here. Empty when there is none.
 */
export function readRun(store: MeshStore, log: LogId, after: number, maxBytes: number): readonly Uint8Array[] {
  const page = store.read(log, after, maxBytes)
  const end = page.findLastIndex((entry) => entry.vouched)
  if (end >= 0) return page.slice(0, end + 1).map((entry) => entry.bytes)
  // The run that these came in was longer than the bound: it goes on to the entry that vouches for it.
  const run = page.map((entry) => entry.bytes)
  for (let seq = page.at(-1)?.seq; seq !== undefined; seq++) {
    const next = store.read(log, seq, 0)[0]
    if (!next) return []
    run.push(next.bytes)
    if (next.vouched) return run
  }
  return []
}
