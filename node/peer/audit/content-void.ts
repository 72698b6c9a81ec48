/** Why an entry of content, or a change in it, has no effect: removed authors, roles, exceptions, policies that fell. */
import { deletePayload, kinds, setPayload, type Change } from '../../../crdt/docs/change.ts'
import { needOf, needOfRegister } from '../../../crdt/docs/need.ts'
import { openChanges } from '../../../crdt/docs/sealed.ts'
import type { Entry } from '../../../crdt/log/entry.ts'
import { exceptionOf, meets, type Need } from '../../../crdt/members/permissions.ts'
import type { DeviceState, View } from '../../../crdt/members/view.ts'
import { decode } from '../../../crdt/wire/codec.ts'
import type { EntryId } from '../../../crdt/wire/ids.ts'
import { openEntry } from '../replica/open-entry.ts'
import type { Replica } from '../replica/replica.ts'

/** @param frontier the one in force at the entry; @returns null while all of it has an effect */
export function contentVoid(replica: Replica, entry: Entry, frontier: readonly EntryId[]): string | null {
  if (!replica.ledger.stands(entry, frontier)) return 'its author is no longer in the mesh, and it lies outside what the removal lets stand; where others built on it, it counts all the same'
  const view = replica.membership.viewAt(frontier)
  const author = view?.device(entry.device)
  if (!view || !author) return null
  const needs = needsOf(replica, entry)
  const unmet = needs.find((need) => !meets(need, author, view))
  if (unmet) return refusal(unmet, author, view)
  const now = replica.membership.policiesKnownTo(frontier)
  return needs.every((need) => meets(need, author, now)) ? null : 'it was written by leave of a policy that does not stand; where others built on it, it counts all the same'
}

function refusal(need: Need, { member, role }: DeviceState, view: View): string {
  if (need.type === 'permission' && exceptionOf(view, member, need.permission) === 'deny') return `its author had been denied ${need.permission}`
  if (need.type === 'profile' && need.of === member) return `the mesh had left everybody's ${need.field} to owners and admins`
  return `its author was ${role} then, and that role does not write this`
}

function needsOf(replica: Replica, entry: Entry): readonly Need[] {
  const changes = openEntry(replica, entry)
  return typeof changes === 'string' ? [] : changes.flatMap((change) => [...within(replica, entry, change)]).flatMap((change) => needOfChange(change) ?? [])
}

/** A change, or those that are sealed in it, as far as this device can open them. */
function within({ mesh, identity, membership }: Replica, entry: Entry, change: Change): readonly Change[] {
  if (change.kind !== kinds.sealed) return [change]
  return openChanges(change.payload, mesh, entry.device, identity.device, identity.wrapper, (key) => membership.now().hasSealingKey(entry.device, key)) ?? []
}

function needOfChange(change: Change): Need | undefined {
  if (change.kind !== kinds.set && change.kind !== kinds.delete) return needOf(change.kind)
  const payload = decode(change.kind === kinds.set ? setPayload : deletePayload, change.payload)
  return payload.ok ? needOfRegister(change.doc, payload.value.key) : undefined
}
