import { mayHaveKey } from '../../../crdt/members/history-policy.ts'
import type { DeviceId, SealingKey } from '../../../crdt/wire/ids.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { Replica } from '../replica/replica.ts'

/** Hands a device all keys that this one holds and the history policy lets it have. */
export async function shareEpochs(replica: Replica, device: DeviceId, sealingKey: SealingKey, runtime: Runtime): Promise<void> {
  const { keyring, membership } = replica.ledger
  // A mirror holds no keys.
  if (!membership.now().readerDevices().includes(device)) return
  await replica.operate(() =>
    keyring.epochs().flatMap((epoch) => {
      const at = membership.history.at(epoch)
      const shared = at !== undefined && membership.history.valid[at] && mayHaveKey(membership, device, at) ? keyring.sharing(epoch, [{ device, sealingKey }], runtime.random) : undefined
      return shared ? [{ type: 'share' as const, grant: replica.grant(), ...shared }] : []
    }),
  )
}
