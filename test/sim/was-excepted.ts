import type { DeviceId } from '../../crdt/wire/ids.ts'
import type { Replica } from '../../node/peer/replica/replica.ts'

/** Whether any policy ever made an exception for a device's member: what it writes may fall with one (rule P2). */
export function wasExcepted(replica: Replica | undefined, device: DeviceId): boolean {
  const member = replica?.membership.memberOf(device)
  return member !== undefined && [...(replica as Replica).membership.history.policies.keys()].some((key) => key.startsWith(`except|${member}|`))
}
