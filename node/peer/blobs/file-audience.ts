/** The people that a file was shared with: read back from the entries that hold a record of it. */
import { entryOfRecordKey, filePayload, recordPrefix } from '../../../crdt/docs/files.ts'
import { recipientsOf } from '../../../crdt/docs/sealed.ts'
import { kinds } from '../../../crdt/docs/change.ts'
import { decode } from '../../../crdt/wire/codec.ts'
import type { FileId, MemberId } from '../../../crdt/wire/ids.ts'
import type { Replica } from '../replica/replica.ts'
import { sealedChanges } from '../replica/sealed-changes.ts'
import { allRows } from '../replica/rows.ts'

/** In no order; whoever was given it by a record that this device cannot open is not among them. */
export function fileAudience(replica: Replica, id: FileId): readonly MemberId[] {
  const members = new Set<MemberId>()
  for (const [key] of allRows(replica.store, 'fileRecord', recordPrefix(id))) {
    for (const { envelope, inner } of sealedChanges(replica, entryOfRecordKey(key))) {
      const isOf = inner.some(({ kind, payload }) => {
        const file = kind === kinds.blobTree ? decode(filePayload, payload) : undefined
        return file?.ok === true && file.value.id === id
      })
      for (const device of isOf ? recipientsOf(envelope.payload) : []) {
        const member = replica.membership.memberOf(device)
        if (member) members.add(member)
      }
    }
  }
  return [...members]
}
