/** What checkpoints tell, held against the entries themselves where they can be opened here: newcomers cannot. */
import { deletePayload, kinds, setPayload } from '../../../crdt/docs/change.ts'
import { parseTellings, tellingsPrefix } from '../../../crdt/docs/checkpoints.ts'
import { registerKey } from '../../../crdt/docs/registers.ts'
import { readEntry, type Entry } from '../../../crdt/log/entry.ts'
import { decode } from '../../../crdt/wire/codec.ts'
import type { EntryId } from '../../../crdt/wire/ids.ts'
import { openEntry } from '../replica/open-entry.ts'
import type { Replica } from '../replica/replica.ts'
import { allRows } from '../replica/rows.ts'

/** Entries of checkpoints that tell of a value what its entry does not say. */
export function* falseTellings(replica: Replica): Generator<{ readonly telling: Entry; readonly register: string }> {
  for (const [key, stored] of allRows(replica.store, 'told', tellingsPrefix)) {
    const register = key.slice(tellingsPrefix.length)
    for (const { by, entry, value } of parseTellings(stored)) {
      const said = saidBy(replica, entry, register)
      const telling = said && said.value !== value ? entryOf(replica, by) : undefined
      if (telling) yield { telling, register }
    }
  }
}

/** What an entry says of a register, `null` where it says nothing; undefined where it is not here or cannot be opened. */
function saidBy(replica: Replica, id: EntryId, register: string): { readonly value: string | undefined | null } | undefined {
  const entry = entryOf(replica, id)
  const changes = entry ? openEntry(replica, entry) : 'sealed'
  if (changes === 'sealed') return undefined
  for (const { kind, doc, payload } of changes === 'nonsense' ? [] : changes) {
    if (kind !== kinds.set && kind !== kinds.delete) continue
    const set = kind === kinds.set ? decode(setPayload, payload) : undefined
    const said = set ?? decode(deletePayload, payload)
    if (said.ok && registerKey(doc, said.value.key) === register) return { value: set?.ok ? set.value.value : undefined }
  }
  return { value: null }
}

function entryOf({ store }: Replica, id: EntryId): Entry | undefined {
  const stored = store.byId(id)
  const read = stored && readEntry(stored.bytes)
  return read?.ok ? read.entry : undefined
}
