import { AtollError } from '../ports/errors.ts'
import type { Caller, PeerHost } from '../ports/services.ts'
import type { Operation } from './define.ts'
import { permissions } from './permissions.ts'

/** Throws not_permitted, denied or removed unless the caller holds the operation's permission in its mesh. */
export async function permit(operation: Pick<Operation, 'name' | 'permission'>, host: PeerHost, caller: Caller): Promise<void> {
  const holders = permissions[operation.permission]
  if (holders === null) return
  const standing = await host.standing(caller)
  const exception = standing.exceptions[operation.permission]
  if (exception === 'deny') throw new AtollError('denied', { permission: operation.permission })
  if (exception === 'allow' || (holders as readonly string[]).includes(standing.role)) return
  if (standing.role === 'removed') throw new AtollError('removed', { at: new Date(standing.since).toISOString() })
  throw new AtollError('not_permitted', { role: standing.role, what: operation.name, needs: holders.join(', ').replace(/, (\w+)$/, ' or $1') })
}
