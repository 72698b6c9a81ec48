import type { Pin } from '../../../crdt/members/ops.ts'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import type { Replica } from '../replica/replica.ts'

/** What we hold now of the content of some devices stands after their removal; what they show later does not (rule T4). */
export function pinsNow(replica: Replica, of: (device: DeviceId) => boolean): Pin[] {
  return [...replica.logs()].filter(({ type, device }) => type === 'content' && of(device)).map(({ log, seq, id }) => ({ log, seq, id }))
}
