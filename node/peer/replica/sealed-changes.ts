/** The changes of an entry that were sealed for some devices, with their envelopes: what was folded is read back. */
import { kinds, type Change } from '../../../crdt/docs/change.ts'
import { openChanges } from '../../../crdt/docs/sealed.ts'
import { readEntry } from '../../../crdt/log/entry.ts'
import type { EntryId } from '../../../crdt/wire/ids.ts'
import { openEntry } from './open-entry.ts'
import type { Replica } from './replica.ts'

export interface SealedChanges {
  readonly envelope: Change
  /** None where they are not for this device. */
  readonly inner: readonly Change[]
}

/** Empty when the entry is not here or its epoch's key is not. */
export function sealedChanges({ mesh, identity, store, ledger }: Replica, id: EntryId): readonly SealedChanges[] {
  const stored = store.byId(id)
  const read = stored && readEntry(stored.bytes)
  const changes = read?.ok ? openEntry({ ledger }, read.entry) : 'sealed'
  if (!read?.ok || typeof changes === 'string') return []
  const author = read.entry.device
  return changes.filter(({ kind }) => kind === kinds.sealed).map((envelope) => ({ envelope, inner: openChanges(envelope.payload, mesh, author, identity.device, identity.wrapper, () => true) ?? [] }))
}
