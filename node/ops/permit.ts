import { AtollError } from '../ports/errors.ts'
import type { Caller, PeerHost } from '../ports/services.ts'
import type { Operation } from './define.ts'
import { isMeshPermission, permissions, type Permission } from './permissions.ts'

/** What a node answers whatever its token is for: about itself, not about the mesh. */
const ownAffairs: ReadonlySet<Permission> = new Set<Permission>(['node.read', 'node.stop', 'config.read', 'mesh.list', 'mesh.read', 'session.write'])

/** What a token may be for. */
export const scopes: readonly Permission[] = (Object.keys(permissions) as Permission[]).filter((permission) => !ownAffairs.has(permission) && (isMeshPermission(permission) || permission === 'message.read'))

/** Throws token_scope, not_permitted, denied or removed unless the caller holds the operation's permission in its mesh. */
export async function permit(operation: Pick<Operation, 'name' | 'permission'>, host: PeerHost, caller: Caller): Promise<void> {
  const allowed = host.scopes ?? []
  if (allowed.length > 0 && !ownAffairs.has(operation.permission) && !allowed.includes(operation.permission)) throw new AtollError('token_scope', { scopes: allowed.join(', '), what: operation.name, needs: operation.permission })
  const holders = permissions[operation.permission]
  if (holders === null) return
  const standing = await host.standing(caller)
  const exception = standing.exceptions[operation.permission]
  if (exception === 'deny') throw new AtollError('denied', { permission: operation.permission })
  if (exception === 'allow' || (holders as readonly string[]).includes(standing.role)) return
  if (standing.role === 'removed') throw new AtollError('removed', { at: new Date(standing.since).toISOString() })
  throw new AtollError('not_permitted', { role: standing.role, what: operation.name, needs: holders.join(', ').replace(/, (\w+)$/, ' or $1') })
}
