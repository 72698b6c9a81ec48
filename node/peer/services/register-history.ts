import { decodeBody, deletePayload, kinds, setPayload } from '../../../crdt/docs/change.ts'
import { readRegister, type Version } from '../../../crdt/docs/registers.ts'
import { compareTimes } from '../../../crdt/log/clock.ts'
import { open } from '../../../crdt/crypto/seal.ts'
import { readEntry } from '../../../crdt/log/entry.ts'
import { decode } from '../../../crdt/wire/codec.ts'
import type { EntryId } from '../../../crdt/wire/ids.ts'
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
    const version = versionAt(replica, id, doc, key)
    if (!version) continue
    found.set(id, version.version)
    left.push(...version.deps)
  }
  return [...found.values()].sort((a, b) => compareTimes(b.clock, a.clock) || (a.entry < b.entry ? 1 : -1)).slice(0, limit)
}

function versionAt(replica: Replica, id: EntryId, doc: string, key: string): { readonly version: Version; readonly deps: readonly EntryId[] } | undefined {
  const stored = replica.store.byId(id)
  const read = stored && readEntry(stored.bytes)
  const sealing = read?.ok ? read.entry.sealing : undefined
  const bodyKey = sealing && replica.ledger.keyring.bodyKey(sealing.epoch)
  const plain = read?.ok && sealing && bodyKey && open(bodyKey, sealing.nonce, read.entry.body, read.entry.headerBytes)
  const changes = plain && decodeBody(plain)
  if (!read?.ok || !changes || !changes.ok) return undefined
  for (const change of changes.value) {
    if (change.doc !== doc || (change.kind !== kinds.set && change.kind !== kinds.delete)) continue
    const payload = change.kind === kinds.set ? decode(setPayload, change.payload) : decode(deletePayload, change.payload)
    if (!payload.ok || payload.value.key !== key) continue
    const value = 'value' in payload.value ? (payload.value.value as string) : undefined
    return { version: { entry: id, log: read.entry.log, seq: read.entry.seq, device: read.entry.device, clock: read.entry.clock, deleted: value === undefined, value: value ?? '' }, deps: change.deps }
  }
  return undefined
}
