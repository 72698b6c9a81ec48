/** Keys that were handed out and do not fit what was committed to (rule T6): said, shown, and asked of others. */
import type { MemberEntry } from '../../../crdt/members/history.ts'
import { parseWrongKey, saidWrong, type WrongKey } from '../../../crdt/docs/wrong-keys.ts'
import { toHex, type DeviceId, type EntryId } from '../../../crdt/wire/ids.ts'
import { wrongKeyRow } from '../replica/keyring.ts'
import type { Replica } from '../replica/replica.ts'
import { allRows } from '../replica/rows.ts'
import type { Names } from './names.ts'

/** Tells the others which keys handed to this device did not fit; of one device it says so once for each epoch, whatever that sends. */
export async function reportWrongKeys(replica: Replica): Promise<void> {
  const { store, membership: { history }, identity } = replica
  const authorOf = (by: EntryId): DeviceId | undefined => history.entries[history.at(by) ?? -1]?.device
  const said = new Set<string>()
  const unsaid: EntryId[] = []
  for (const [key, epoch] of allRows(store, 'meta', wrongKeyRow(''))) {
    const by = key.slice(wrongKeyRow('').length) as EntryId
    const whose = `${authorOf(by)} ${toHex(epoch)}`
    if (saidWrong(store, by, identity.device)) said.add(whose)
    else if (!unsaid.some((other) => authorOf(other) === authorOf(by))) unsaid.push(by)
  }
  const news = unsaid.filter((by) => !said.has(`${authorOf(by)} ${toHex(store.get('meta', wrongKeyRow(by)) ?? new Uint8Array())}`))
  if (news.length > 0) await replica.write(news.map((by) => ({ type: 'wrongKey' as const, by })))
}

/** What devices said of keys that were handed to them, with who handed them out. */
export function wrongKeys({ store, membership: { history } }: Pick<Replica, 'store' | 'membership'>): readonly (WrongKey & { readonly handedBy: MemberEntry })[] {
  return [...allRows(store, 'wrongKey')].flatMap(([key, stored]) => {
    const said = parseWrongKey(key, stored)
    const handedBy = history.entries[history.at(said.by) ?? -1]
    return handedBy ? [{ ...said, handedBy }] : []
  })
}

/** Of those who are still here: nothing else can be done about it than to talk to them, or to remove them. */
export function wrongKeyWarnings(replica: Pick<Replica, 'store' | 'membership'>, names: Names): string[] {
  const view = replica.membership.now()
  return wrongKeys(replica).filter(({ handedBy }) => view.device(handedBy.device)).map(({ device, handedBy }) =>
    `${names.device(handedBy.device)} handed ${names.device(device)} another key than it had committed to in ${names.mesh()}, as ${names.device(device)} says (entry ${handedBy.id.slice(0, 12)}). The right one is asked of others. Ask them both; \`atoll rotate\` makes a new key, \`atoll member remove\` removes who did it on purpose.`)
}
