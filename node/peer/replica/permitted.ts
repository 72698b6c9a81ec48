/** What this device may write now, asked before anything is signed: others would keep it and it would mean nothing. */
import { kinds } from '../../../crdt/docs/change.ts'
import { needOf, needOfRegister } from '../../../crdt/docs/need.ts'
import { contentRoles, exceptionOf, holds, meets, type Need } from '../../../crdt/members/permissions.ts'
import type { ContentPermission } from '../../../crdt/members/policy.ts'
import { writers } from '../../../crdt/members/roles.ts'
import type { DeviceState, View } from '../../../crdt/members/view.ts'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { WriteSpec } from './author.ts'

/** Whether this device may start epochs: its role alone says, whatever it may write. */
export const mayRotate = (view: View, device: DeviceId): boolean => writers.has(view.device(device)?.role ?? 'mirror')

/** Whether a device may write content of a sort. */
export function mayDo(permission: ContentPermission, view: View, device: DeviceId): boolean {
  const state = view.device(device)
  return state !== undefined && holds(permission, state, view)
}

/** Refuses what would have no effect at the frontier it will name (removed, denied, not_permitted). */
export function checkPermitted(specs: readonly WriteSpec[], view: View, device: DeviceId): void {
  const state = view.device(device)
  if (!state) throw new AtollError('removed', { at: 'an earlier day' })
  for (const spec of specs) {
    const need = needOfSpec(spec)
    if (!need || !meets(need, state, view)) throw refusal(need, state, view)
  }
}

function needOfSpec(spec: WriteSpec): Need | undefined {
  switch (spec.type) {
    case 'set':
    case 'private':
    case 'delete': return needOfRegister(spec.doc, spec.key)
    case 'update': return needOf(kinds.yjsUpdate)
    case 'message': return needOf(kinds.message)
    case 'file': return needOf(kinds.blobTree)
    case 'fileDelete': return needOf(kinds.fileDelete)
    case 'checkpoint': return needOf(kinds.checkpoint)
    case 'wrongKey': return needOf(kinds.wrongKey)
    case 'receipt': return needOf(kinds.receipt)
  }
}

function refusal(need: Need | undefined, { role, member }: DeviceState, view: View): AtollError {
  if (need?.type === 'permission' && exceptionOf(view, member, need.permission) === 'deny') return new AtollError('denied', { permission: need.permission })
  if (need?.type === 'permission') return new AtollError('not_permitted', { role, what: need.permission, needs: [...contentRoles[need.permission]].join(', ').replace(/, (\w+)$/, ' or $1') })
  return new AtollError('not_permitted', { role, what: need?.type === 'profile' ? `editing this ${need.field}` : 'writing this', needs: 'owner or admin' })
}
