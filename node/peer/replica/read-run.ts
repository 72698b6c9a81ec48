import type { EntryId, LogId } from '../../../crdt/wire/ids.ts'
import type { MeshStore } from '../../ports/store.ts'
import type { Branches } from './branches.ts'

/** How many entries before one that is asked for go with it, as far as they fit. */
const before = [64, 16, 4, 0] as const

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

/**
 * A run that holds an entry and some of its log before it: whoever asks for it by id has another branch, and where they
 * part is not known here. Empty when it is not here.
 */
export function readAround(store: MeshStore, branches: Branches, id: EntryId, maxBytes: number, vouch: (entry: Uint8Array) => boolean): readonly Uint8Array[] {
  const branch = branches.with(id)
  if (branch) {
    const at = branch.findIndex((entry) => entry.id === id)
    const end = branch.findIndex(({ bytes }, i) => i >= at && vouch(bytes))
    const pieces = before.map((count) => branch.slice(Math.max(0, at - count), end + 1).map(({ bytes }) => bytes))
    return end < 0 ? [] : (pieces.find((piece) => piece.reduce((sum, bytes) => sum + bytes.length, 0) <= maxBytes) ?? (pieces.at(-1) as Uint8Array[]))
  }
  const stored = store.byId(id)
  if (!stored) return []
  for (const count of before) {
    const after = Math.max(0, stored.seq - 1 - count)
    const run = readRun(store, stored.log, after, maxBytes, vouch)
    if (after + run.length >= stored.seq) return run
  }
  return []
}
