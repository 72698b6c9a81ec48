import type { MemberId } from '../../../crdt/wire/ids.ts'
import type { Joined } from '../../ports/services.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'

/** What founding, joining and restoring answer. */
export function joined(mesh: RunningMesh, member: MemberId): Joined {
  const role = mesh.replica.membership.now().member(member)?.role ?? 'member'
  return { mesh: mesh.id, name: mesh.names.mesh(), member, member_name: mesh.names.member(member), role }
}
