/** What our own membership operations must pass before they are signed. */
import type { Verify } from '../../../crdt/crypto/sign.ts'
import type { MemberEntry } from '../../../crdt/members/history.ts'
import type { Membership } from '../../../crdt/members/membership.ts'
import type { MemberOp } from '../../../crdt/members/ops.ts'
import { refusalOf } from '../../../crdt/members/validity.ts'
import type { DeviceId, EntryId, LogId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'

const unnamed = '0'.repeat(64) as EntryId

/**
 * Refuses what would have no effect at the frontier known now (not_permitted): others would keep it for ever as an
 * entry that means nothing, while its author believed that it was done.
 */
export function checkOwnOp(op: MemberOp, device: DeviceId, membership: Membership, verify: Verify): void {
  const parents = membership.frontier()
  const past = membership.history.pastOf(parents)
  const view = membership.viewAt(parents)
  if (!past || !view) return
  const entry: MemberEntry = { id: unnamed, log: unnamed as string as LogId, seq: 1, device, parents, op, ms: 0 }
  const refusal = refusalOf(entry, { mesh: membership.mesh, history: membership.history, past, view, verify })
  if (refusal !== undefined) throw new AtollError('not_permitted', { role: view.device(device)?.role ?? 'none', what: `this (${op.type})`, needs: `another standing: ${refusal}` })
}
