/** Whoever is admitted but was handed no key of an epoch gets it from the first who notices. */
import { saidWrong } from '../../../crdt/docs/wrong-keys.ts'
import { mayHaveKey } from '../../../crdt/members/history-policy.ts'
import type { MemberEntry } from '../../../crdt/members/history.ts'
import type { OpOf } from '../../../crdt/members/ops.ts'
import type { DeviceId, EntryId, SealingKey } from '../../../crdt/wire/ids.ts'
import type { Random } from '../../ports/runtime.ts'
import type { Replica } from '../replica/replica.ts'

export async function shareMissingKeys(replica: Replica, random: Random): Promise<void> {
  const { ledger, membership } = replica
  const view = membership.now()
  const missing = ledger.keyring.epochs().flatMap((epoch) => {
    const holders = holdersOf(replica, epoch)
    const lacking = holders ? view.readerDevices().filter((device) => !holders.has(device) && mayHaveKey(membership, device, membership.history.at(epoch) as number)) : []
    return lacking.length > 0 ? [{ epoch, lacking }] : []
  })
  if (missing.length === 0) return
  await replica.operate(() =>
    missing.flatMap(({ epoch, lacking }) => {
      const recipients = lacking.flatMap((device) => {
        const sealingKey: SealingKey | undefined = membership.now().device(device) && membership.now().sealingKey(device)
        return sealingKey ? [{ device, sealingKey }] : []
      })
      const shared = recipients.length > 0 ? ledger.keyring.sharing(epoch, recipients, random) : undefined
      return shared ? [{ type: 'share' as const, grant: replica.grant(), ...shared }] : []
    }),
  )
}

/**
 * Devices that an epoch's key was handed to; undefined when the epoch does not stand. What a device says did not fit
 * does not count, save where it was this one that handed it out: it has no other key to give.
 */
function holdersOf({ membership: { history }, store, identity }: Replica, epoch: EntryId): Set<DeviceId> | undefined {
  const at = history.at(epoch)
  if (at === undefined || history.entries[at]?.op.type !== 'rotate' || !history.valid[at]) return undefined
  const holders = new Set<DeviceId>()
  for (const giving of [at, ...(history.shares.get(at) ?? [])]) {
    const { id, device: by, op } = history.entries[giving] as MemberEntry
    for (const { device } of (op as OpOf<'rotate' | 'share'>).recipients) if (by === identity.device || !saidWrong(store, id, device)) holders.add(device)
  }
  return holders
}
