import { opAt } from '../../../crdt/members/history.ts'
import { stewards, writers } from '../../../crdt/members/roles.ts'
import type { EntryId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { KeysService, RotationSchedule } from '../../ports/services.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'

/** The keys that content is sealed with. */
export function keysService(mesh: () => RunningMesh): KeysService {
  return {
    async rotate() {
      const { replica } = mesh()
      const role = replica.membership.now().device(replica.identity.device)?.role ?? 'none'
      if (role === 'none' || !writers.has(role)) throw new AtollError('not_permitted', { role, what: 'changing the keys', needs: 'member' })
      await replica.operate(() => [], { rotate: true })
      const epoch = replica.membership.now().epochs()[0] as EntryId
      const { history } = replica.membership
      return { epoch, devices: opAt<'rotate'>(history, history.at(epoch) as number).recipients.length }
    },
    async schedule(change) {
      const running = mesh()
      const { replica, rotation } = running
      const named = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as Partial<RotationSchedule>
      if (Object.keys(named).length > 0) {
        const role = replica.membership.now().device(replica.identity.device)?.role ?? 'mirror'
        if (!stewards.has(role)) throw new AtollError('not_permitted', { role, what: 'saying when keys are changed', needs: 'owner or admin' })
        await replica.write([{ type: 'set', doc: 'mesh', key: 'rotation', value: JSON.stringify({ ...rotation.schedule(), ...named }) }])
      }
      const used = rotation.use()
      return { ...rotation.schedule(), epoch: used?.epoch ?? '', since: used?.since ?? 0, sealed_bytes: used?.bytes ?? 0, sealed_entries: used?.entries ?? 0 }
    },
  }
}
