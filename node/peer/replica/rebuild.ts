/** Folding everything again: after an upgrade of the folds, a removal that reaches back, or a damaged projection (rule D3). */
import { readEntry } from '../../../crdt/log/entry.ts'
import type { EntryId, LogId } from '../../../crdt/wire/ids.ts'
import type { Log } from '../../ports/log.ts'
import type { MeshStore } from '../../ports/store.ts'
import { Staging } from '../staging.ts'
import { noEvents } from './folder.ts'
import type { Ledger } from './ledger.ts'

/** Raised with every change of a fold's meaning, so that stores folded by an older version are folded anew (rule C5). */
const foldVersion = '6'
const utf8 = new TextEncoder()
const fromUtf8 = new TextDecoder()

/** Whether the projections are of another version, or a rebuild did not finish. */
export function rebuildDue(store: MeshStore): boolean {
  const version = store.get('meta', 'fold')
  if (version && fromUtf8.decode(version) === foldVersion) return false
  return store.logs().length > 0
}

/** Marks a fresh store as folded by this version. */
export function markFolded(staging: Staging): void {
  staging.put('meta', 'fold', utf8.encode(foldVersion))
}

export function rebuild(store: MeshStore, ledger: Ledger, log: Log): void {
  const begun = new Staging(store)
  begun.put('meta', 'fold', utf8.encode('rebuilding'))
  begun.commit()
  store.clearProjections()
  const refold = ledger.startRefold()
  const frontiers = new Map<LogId, readonly EntryId[]>()
  let count = 0
  for (let after = 0, page = store.replay('content', after, 500); page.length > 0; page = store.replay('content', after, 500)) {
    const staging = new Staging(store)
    for (const row of page) {
      after = row.position
      const read = readEntry(row.bytes)
      if (!read.ok) throw new Error(`a stored entry does not decode: ${read.detail}`)
      const frontier = read.entry.frontier ?? frontiers.get(row.log) ?? []
      frontiers.set(row.log, frontier)
      refold.fold(read.entry, frontier, staging, noEvents())
      count++
    }
    staging.commit()
  }
  refold.end()
  const finished = new Staging(store)
  markFolded(finished)
  finished.commit()
  log.info('projections_rebuilt', { entries: count })
}
