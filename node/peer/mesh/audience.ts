/** For whom a message of ours was sealed: read back from its entry, since who is in the mesh has changed since. */
import { kinds, messagePayload } from '../../../crdt/docs/change.ts'
import type { MessageRow } from '../../../crdt/docs/messages.ts'
import { recipientsOf } from '../../../crdt/docs/sealed.ts'
import { decode } from '../../../crdt/wire/codec.ts'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import type { Replica } from '../replica/replica.ts'
import { sealedChanges, type SealedChanges } from '../replica/sealed-changes.ts'

/** @returns the devices that can read it, ours among them; none when its entry cannot be opened here */
export function audienceOf(replica: Replica, row: MessageRow): readonly DeviceId[] {
  const found = sealedChanges(replica, row.entry).find((sealed) => holds(sealed, row))
  return found ? recipientsOf(found.envelope.payload) : []
}

function holds({ inner }: SealedChanges, row: MessageRow): boolean {
  return inner.some(({ kind, payload }) => {
    const message = kind === kinds.message ? decode(messagePayload, payload) : undefined
    return message?.ok === true && message.value.id === row.message.id
  })
}
