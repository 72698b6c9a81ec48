import { mayHaveKey } from '../../../crdt/members/history-policy.ts'
import type { Introduction } from '../../../crdt/members/ops.ts'
import type { EntryId, MemberId } from '../../../crdt/wire/ids.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { Replica } from '../replica/replica.ts'
import { checkInvite, inviteOpened } from './check-invite.ts'
import { shareEpochs } from './share-epochs.ts'

/** What somebody showed to be let in, all of it checked. Its proof is good for an admission by this device alone. */
export interface Application {
  readonly member: MemberId
  readonly rootProof: Uint8Array
  readonly introduction: Introduction
  /** The entry that opened the invite. */
  readonly opened: EntryId
  readonly transcript: Uint8Array
  readonly proof: Uint8Array
}

/** Admits whoever applied, and hands over the keys. Who is in already is left as it is. @returns the admission. Throws Refusal where the invite has ended. */
export async function letIn(replica: Replica, { member, rootProof, introduction, opened, transcript, proof }: Application, runtime: Runtime): Promise<EntryId> {
  const { device } = introduction
  await replica.operate(() => {
    if (replica.membership.now().device(device)) return []
    checkInvite(replica, opened, runtime.clock)
    return [{ type: 'admit', grant: replica.grant(), member, role: inviteOpened(replica, opened).role, rootProof, introduction, invite: { opened, transcript, proof } }]
  }, { rotate: () => needsNewKey(replica, device) })
  await shareEpochs(replica, device, introduction.sealingKey, runtime)
  return admissionOf(replica, device) as EntryId
}

/** Whether what is written from now on would be sealed under a key that a newcomer may not have. */
function needsNewKey({ membership }: Replica, device: Introduction['device']): boolean {
  const now = membership.now()
  const [epoch] = now.epochs()
  return now.readerDevices().includes(device) && (epoch === undefined || !mayHaveKey(membership, device, membership.history.at(epoch) as number))
}

/** The grant by which a device is in; undefined while it is not. */
export const admissionOf = (replica: Replica, device: Introduction['device']): EntryId | undefined => replica.membership.now().device(device)?.grant
