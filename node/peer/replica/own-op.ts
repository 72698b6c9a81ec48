/** What our own membership operations must pass before they are signed. */
import type { Verify } from '../../../crdt/crypto/sign.ts'
import type { MemberEntry } from '../../../crdt/members/history.ts'
import type { Membership } from '../../../crdt/members/membership.ts'
import type { MemberOp } from '../../../crdt/members/ops.ts'
import { refusalOf } from '../../../crdt/members/validity.ts'
import type { DeviceId, EntryId, LogId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'

/** An operation that says, signed by the root key, where in the history it stands. @param parents what its entry will name, and its predecessor */
export type MakeOp = (parents: readonly EntryId[]) => MemberOp

const unnamed = '0'.repeat(64) as EntryId

/**
 * Refuses what would have no effect at the frontier it will name (not_permitted): others would keep it for ever as an
 * entry that means nothing, while its author believed that it was done.
 */
export function checkOwnOp(op: MemberOp, device: DeviceId, parents: readonly EntryId[], membership: Membership, verify: Verify): void {
  // Our own predecessor, which is a parent too, lies in the past of the frontier.
  const frontier = membership.frontier()
  const past = membership.history.pastOf(frontier)
  const view = membership.viewAt(frontier)
  if (!past || !view) return
  const entry: MemberEntry = { id: unnamed, log: unnamed as string as LogId, seq: 1, device, parents, op, ms: 0 }
  const refusal = refusalOf(entry, { mesh: membership.mesh, history: membership.history, past, view, verify })
  if (refusal !== undefined) throw new AtollError('not_permitted', { role: view.device(device)?.role ?? 'none', what: `this (${op.type})`, needs: `another standing: ${refusal}` })
}
