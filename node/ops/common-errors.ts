import type { ErrorCode } from '../ports/errors.ts'
import type { Operation } from './define.ts'
import { isMeshPermission } from './permissions.ts'

const anywhere: readonly ErrorCode[] = ['bad_input', 'value_too_large', 'cancelled', 'timed_out', 'busy', 'internal', 'node_unreachable', 'storage_full', 'storage_failed', 'storage_corrupt', 'profile_readonly', 'profile_newer', 'token_scope']
const inMesh: readonly ErrorCode[] = ['mesh_none', 'mesh_unknown', 'mesh_ambiguous', 'not_permitted', 'denied', 'removed', 'key_missing']

/** The codes that every operation may fail with; those about a mesh when its permission is. */
export function commonErrors(operation: Pick<Operation, 'permission'>): readonly ErrorCode[] {
  return isMeshPermission(operation.permission) ? [...anywhere, ...inMesh] : anywhere
}
