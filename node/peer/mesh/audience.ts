/** For whom a message of ours was sealed: read back from its entry, since who is in the mesh has changed since. */
import { decodeBody, kinds, messagePayload, type Change } from '../../../crdt/docs/change.ts'
import type { MessageRow } from '../../../crdt/docs/messages.ts'
import { openChanges, recipientsOf } from '../../../crdt/docs/sealed.ts'
import { open } from '../../../crdt/crypto/seal.ts'
import { readEntry } from '../../../crdt/log/entry.ts'
import { decode } from '../../../crdt/wire/codec.ts'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import type { Replica } from '../replica/replica.ts'

/** @returns the devices that can read it, ours among them; none when its entry cannot be opened here */
export function audienceOf(replica: Replica, row: MessageRow): readonly DeviceId[] {
  const stored = replica.store.byId(row.entry)
  const read = stored && readEntry(stored.bytes)
  const sealing = read?.ok ? read.entry.sealing : undefined
  const key = sealing && replica.ledger.keyring.bodyKey(sealing.epoch)
  const plain = read?.ok && sealing && key && open(key, sealing.nonce, read.entry.body, read.entry.headerBytes)
  const changes = plain && decodeBody(plain)
  const envelope = changes && changes.ok ? changes.value.find((change) => holds(replica, change, row)) : undefined
  return envelope ? recipientsOf(envelope.payload) : []
}

function holds({ mesh, identity }: Replica, change: Change, row: MessageRow): boolean {
  if (change.kind !== kinds.sealed) return false
  const inner = openChanges(change.payload, mesh, row.device, identity.device, identity.wrapper, () => true)
  return inner?.some(({ kind, payload }) => {
    const message = kind === kinds.message ? decode(messagePayload, payload) : undefined
    return message?.ok === true && message.value.id === row.message.id
  }) === true
}
