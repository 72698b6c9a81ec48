/** The changes of an entry that were sealed for some devices, with their envelopes: what was folded is read back. */
import { decodeBody, kinds, type Change } from '../../../crdt/docs/change.ts'
import { openChanges } from '../../../crdt/docs/sealed.ts'
import { open } from '../../../crdt/crypto/seal.ts'
import { readEntry } from '../../../crdt/log/entry.ts'
import type { EntryId } from '../../../crdt/wire/ids.ts'
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
  const sealing = read?.ok ? read.entry.sealing : undefined
  const key = sealing && ledger.keyring.bodyKey(sealing.epoch)
  const plain = read?.ok && sealing && key && open(key, sealing.nonce, read.entry.body, read.entry.headerBytes)
  const changes = plain ? decodeBody(plain) : undefined
  if (!read?.ok || !changes?.ok) return []
  const author = read.entry.device
  return changes.value.filter(({ kind }) => kind === kinds.sealed).map((envelope) => ({ envelope, inner: openChanges(envelope.payload, mesh, author, identity.device, identity.wrapper, () => true) ?? [] }))
}
