/** Which operations make what an entry may hold. `made-by.test.ts` sees to it that none is missing. */
import { auditKinds, type AuditKind } from '../../ports/services.ts'

/** None where nodes do it by themselves, or other programs than ours: editors, later versions. */
export const madeBy: Readonly<Record<AuditKind, readonly string[]>> = {
  founded: ['mesh.create'],
  admitted: ['mesh.join', 'invite.approve', 'token.create'],
  role_given: ['member.role'],
  device_linked: ['device.confirm', 'recovery.restore'],
  removed: ['member.remove', 'token.revoke', 'member.role'],
  device_removed: ['device.remove'],
  left: ['mesh.leave'],
  invited: ['invite.create'],
  invite_revoked: ['invite.revoke'],
  invite_ended: [],
  keys_changed: ['key.rotate'],
  keys_shared: [],
  sealing_key_changed: [],
  exception_made: ['member.allow', 'member.deny', 'member.default'],
  profile_policy_set: ['profile.policy'],
  state_set: ['state.set'],
  state_deleted: ['state.delete'],
  note_set: ['memory.remember'],
  note_forgotten: ['memory.forget'],
  document_named: ['document.create'],
  document_edited: ['document.append', 'document.create', 'document.connect'],
  member_named: ['member.rename', 'mesh.join', 'mesh.create', 'profile.set'],
  profile_edited: ['profile.set'],
  member_confirmed: ['member.confirm'],
  member_unconfirmed: ['member.confirm'],
  invite_described: ['invite.create'],
  device_named: ['device.rename', 'mesh.join'],
  token_noted: ['token.create'],
  mesh_named: ['mesh.create'],
  relays_set: ['relay.add', 'relay.remove', 'mesh.create'],
  rotation_set: ['key.schedule'],
  file_shared: ['file.share'],
  file_opened: ['file.grant'],
  file_deleted: ['file.delete'],
  message_sent: ['message.send'],
  receipt: ['message.inbox'],
  key_refused: [],
  grant_decided: ['grant.set', 'grant.revoke', 'grant.block', 'grant.unblock', 'grant.reset'],
  checkpoint: [],
  sealed: [],
  unknown: [],
}

const all = Object.keys(madeBy) as AuditKind[]

/** What `--what` may say: all of membership or content, an operation, its noun, or a kind. */
export function kindsSaid(what: string): ReadonlySet<AuditKind> | undefined {
  if (what === 'membership' || what === 'content') return new Set(auditKinds[what])
  const found = all.filter((kind) => kind === what || madeBy[kind].some((operation) => operation === what || operation.startsWith(`${what}.`)))
  return found.length > 0 ? new Set(found) : undefined
}
