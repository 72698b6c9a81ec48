import type { DeviceId, SealingKey } from '../../../crdt/wire/ids.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { Replica } from '../replica/replica.ts'

/** Hands a device all keys that this one holds, as the history policy `all` says; the others are of later issues. */
export async function shareEpochs(replica: Replica, device: DeviceId, sealingKey: SealingKey, runtime: Runtime): Promise<void> {
  const { keyring, membership } = replica.ledger
  await replica.operate(() =>
    keyring.epochs().flatMap((epoch) => {
      const at = membership.history.at(epoch)
      const shared = at !== undefined && membership.history.valid[at] ? keyring.sharing(epoch, [{ device, sealingKey }], runtime.random) : undefined
      return shared ? [{ type: 'share' as const, grant: replica.grant(), ...shared }] : []
    }),
  )
}
