/**
 * The one table of who may write which content: permission by role, what a policy may change of it for one member,
 * and who may edit which field of a profile. Every peer's fold judges by it, at the frontier an entry names; what
 * operations answer early (node/ops/permissions.ts) is derived from it. What gives or takes authority is not here: it
 * follows the role alone (rule T3), and no exception reaches it.
 */
import type { MemberId } from '../wire/ids.ts'
import { exceptionKey, profileKey, type ContentPermission, type Policy, type ProfileField } from './policy.ts'
import { granters, readers, stewards, writers, type Role } from './roles.ts'

/** The roles that hold each permission where no exception says otherwise. */
export const contentRoles: Readonly<Record<ContentPermission, ReadonlySet<Role>>> = {
  'state.write': writers,
  'memory.write': writers,
  'document.write': writers,
  'file.write': writers,
  'message.send': writers,
}

/** What a change of content asks of its author. */
export type Need =
  | { readonly type: 'permission'; readonly permission: ContentPermission }
  | { readonly type: 'profile'; readonly of: MemberId; readonly field: ProfileField }
  | { readonly type: 'own'; readonly of: MemberId }
  | { readonly type: 'about'; readonly of: MemberId }
  | { readonly type: 'steward' }
  | { readonly type: 'reader' }
  /** A word of those who may bring others in, which nobody else can give for them. */
  | { readonly type: 'word'; readonly of: MemberId }

/** Who wrote it, as of the frontier it names. */
export interface Writer {
  readonly member: MemberId
  readonly role: Role
}

/** The policies in force somewhere, by key. */
export interface Policies {
  policy(key: string): Policy | undefined
}

/** What a member was allowed or denied beside its role. */
export function exceptionOf(policies: Policies, member: MemberId, permission: ContentPermission): 'allow' | 'deny' | 'default' {
  const policy = policies.policy(exceptionKey(member, permission))
  return policy?.type === 'except' ? policy.choice : 'default'
}

/** Who edits a field of a profile: its member and stewards, or stewards alone. */
export function editorsOf(policies: Policies, field: ProfileField): 'self' | 'stewards' {
  const policy = policies.policy(profileKey(field))
  return policy?.type === 'profile' ? policy.by : 'self'
}

/** Whether a member holds a permission. Who holds no keys can write nothing, whatever an exception says. */
export function holds(permission: ContentPermission, { member, role }: Writer, policies: Policies): boolean {
  if (!readers.has(role)) return false
  const exception = exceptionOf(policies, member, permission)
  return exception === 'default' ? contentRoles[permission].has(role) : exception === 'allow'
}

/** What exceptions change of what a member's role lets it do. */
export function effectiveExceptions({ id, role }: { readonly id: MemberId; readonly role: Role }, policies: Policies): Readonly<Partial<Record<ContentPermission, 'allow' | 'deny'>>> {
  const changed = (Object.keys(contentRoles) as ContentPermission[]).filter((permission) => holds(permission, { member: id, role }, policies) !== contentRoles[permission].has(role))
  return Object.fromEntries(changed.map((permission) => [permission, contentRoles[permission].has(role) ? 'deny' : 'allow']))
}

/** Whether an author may make a change that needs this. */
export function meets(need: Need, writer: Writer, policies: Policies): boolean {
  switch (need.type) {
    case 'permission': return holds(need.permission, writer, policies)
    case 'profile': return stewards.has(writer.role) || (need.of === writer.member && readers.has(writer.role) && editorsOf(policies, need.field) === 'self')
    case 'own': return need.of === writer.member && readers.has(writer.role)
    case 'about': return stewards.has(writer.role) || (need.of === writer.member && readers.has(writer.role))
    case 'steward': return stewards.has(writer.role)
    case 'reader': return readers.has(writer.role)
    case 'word': return need.of === writer.member && granters.has(writer.role)
  }
}
