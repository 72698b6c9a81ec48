import { deletePayload, kinds, setPayload } from '../../../crdt/docs/change.ts'
import { readRegister, type Version } from '../../../crdt/docs/registers.ts'
import { compareTimes } from '../../../crdt/log/clock.ts'
import { readEntry } from '../../../crdt/log/entry.ts'
import { decode } from '../../../crdt/wire/codec.ts'
import type { EntryId } from '../../../crdt/wire/ids.ts'
import { openEntry } from '../replica/open-entry.ts'
import type { Replica } from '../replica/replica.ts'

/**
 * The versions of a register, newest first: read back from the entries along what each builds on, so that history
 * costs nothing until somebody asks for it. Kinds that this version does not know are passed over.
 */
export function versionsOf(replica: Replica, doc: string, key: string, limit: number): readonly Version[] {
  const found = new Map<EntryId, Version>()
  const heads = readRegister(replica.store, doc, key)
  const left = heads.map(({ entry }) => entry)
  // Breadth first with some room to spare: the newest `limit` by clock are among the nearest in causality.
  for (let id = left.shift(); id !== undefined && found.size < limit * 2 + heads.length; id = left.shift()) {
    if (found.has(id)) continue
    const told = heads.find((head) => head.entry === id && head.told !== undefined)
    const version = told ? { version: told, deps: [] } : versionAt(replica, id, doc, key)
    if (!version) continue
    found.set(id, version.version)
    left.push(...version.deps)
  }
  return [...found.values()].sort((a, b) => compareTimes(b.clock, a.clock) || (a.entry < b.entry ? 1 : -1)).slice(0, limit)
}

function versionAt(replica: Replica, id: EntryId, doc: string, key: string): { readonly version: Version; readonly deps: readonly EntryId[] } | undefined {
  const stored = replica.store.byId(id)
  const read = stored && readEntry(stored.bytes)
  const changes = read?.ok ? openEntry(replica, read.entry) : 'sealed'
  if (!read?.ok || typeof changes === 'string') return undefined
  for (const change of changes) {
    if (change.doc !== doc || (change.kind !== kinds.set && change.kind !== kinds.delete)) continue
    const payload = change.kind === kinds.set ? decode(setPayload, change.payload) : decode(deletePayload, change.payload)
    if (!payload.ok || payload.value.key !== key) continue
    const value = 'value' in payload.value ? (payload.value.value as string) : undefined
    return { version: { entry: id, log: read.entry.log, seq: read.entry.seq, device: read.entry.device, clock: read.entry.clock, deleted: value === undefined, value: value ?? '', told: undefined }, deps: change.deps }
  }
  return undefined
}
