/** Entries of removed members that lie outside what their removal lets stand (rule T4). */
import { readEntry } from '../../../crdt/log/entry.ts'
import type { EntryId } from '../../../crdt/wire/ids.ts'
import type { VoidEntry } from '../../ports/services.ts'
import type { Timers } from '../../ports/runtime.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'

const pageBytes = 256 * 1024
const listed = 100

export async function voidEntries({ replica, names }: { readonly replica: RunningMesh['replica']; readonly names: Pick<RunningMesh['names'], 'device'> }, timers: Timers, signal: AbortSignal): Promise<{ total: number; entries: readonly VoidEntry[] }> {
  const entries: VoidEntry[] = []
  let total = 0
  const suspects = [...replica.logs()].filter(({ type, device, log }) => type === 'content' && replica.membership.pins(device, log) !== undefined)
  for (const { log, device } of suspects) {
    let frontier: readonly EntryId[] = []
    for (let page = replica.store.read(log, 0, pageBytes); page.length > 0; page = replica.store.read(log, page.at(-1)?.seq ?? 0, pageBytes)) {
      for (const { bytes } of page) {
        const read = readEntry(bytes)
        if (!read.ok) continue
        const { id, seq, clock } = read.entry
        frontier = read.entry.frontier ?? frontier
        if (replica.ledger.stands(read.entry, frontier)) continue
        if (total++ < listed) entries.push({ entry: id, log, seq, device, by: names.device(device), at: clock.ms })
      }
      await new Promise<void>((resolve) => timers.soon(resolve))
      signal.throwIfAborted()
    }
  }
  return { total, entries }
}
