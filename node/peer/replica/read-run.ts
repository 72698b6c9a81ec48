import type { LogId } from '../../../crdt/wire/ids.ts'
import type { MeshStore } from '../../ports/store.ts'

/**
 * Entries of a log after a seq as one run that a peer can verify: it ends with an entry whose own signature was
 * checked here. Empty when there is none.
 * @param vouch checks one entry's signature: what was salvaged from a damaged file was checked by nobody yet
 */
export function readRun(store: MeshStore, log: LogId, after: number, maxBytes: number, vouch: (entry: Uint8Array) => boolean): readonly Uint8Array[] {
  const page = store.read(log, after, maxBytes)
  const last = page.at(-1)
  const end = page.findLastIndex((entry) => entry.vouched || (entry === last && vouch(entry.bytes)))
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
