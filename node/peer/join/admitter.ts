/** The member's side of a join. */
import type { MemberEntry } from '../../../crdt/members/history.ts'
import type { OpOf } from '../../../crdt/members/ops.ts'
import { checkIntroduction, checkInvite, checkRoot, inviteProofBytes } from '../../../crdt/members/proofs.ts'
import { granters, rank, stewards } from '../../../crdt/members/roles.ts'
import { verify } from '../../../crdt/crypto/sign.ts'
import type { EntryId, SealingKey } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { domains } from '../../../crdt/wire/protocols.ts'
import { AtollError } from '../../ports/errors.ts'
import type { FrameStream } from '../../ports/network.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { Replica } from '../replica/replica.ts'
import { closeReason } from './invites.ts'
import { FrameQueue } from './frame-queue.ts'
import { Refusal } from './refusal.ts'
import { joinFrame, transcriptOf } from './frames.ts'
import { sendHistory } from './history-transfer.ts'

const patienceMs = 15_000

/**
 * Answers one joiner.
 * @param replicas the meshes this node is in
 * @returns the mesh and entry of the admission, or undefined when there was none
 */
export async function admit(stream: FrameStream, replicas: () => Iterable<Replica>, runtime: Runtime): Promise<{ replica: Replica; admitted: EntryId } | undefined> {
  // A stranger: what it has to say is short, and one thing at a time.
  stream.limitFrames(limits.handshakeBytes)
  const talk = new FrameQueue(stream, joinFrame, runtime, 2 * limits.handshakeBytes)
  try {
    const hello = await talk.next(patienceMs)
    if (hello.type !== 'hello') throw new Refusal('invite_forged')
    const nonce = runtime.random.bytes(32)
    talk.send({ type: 'challenge', nonce })
    const claim = await talk.next(patienceMs)
    if (claim.type !== 'claim') throw new Refusal('invite_forged')
    const replica = [...replicas()].find(({ membership }) => membership.has(claim.opened))
    if (!replica) throw new Refusal('invite_unknown')
    const transcript = transcriptOf(replica.mesh, stream.remote, replica.identity.device, hello.nonce, nonce)
    const invite = standingInvite(replica, claim.opened)
    if (!verify(domains.inviteChannel, replica.mesh, transcript, claim.proof, invite.invite)) throw new Refusal('invite_forged')
    checkUse(replica, claim.opened, invite, runtime)
    const shown = await sendHistory(talk, replica, new Map())
    const introduce = await talk.next(patienceMs)
    if (introduce.type !== 'introduce') throw new Refusal('invite_forged')
    const proof = inviteProofBytes(introduce.member, stream.remote, replica.identity.device, claim.opened, transcript)
    const sound = introduce.introduction.device === stream.remote && checkIntroduction(introduce.introduction, introduce.member) && checkRoot(replica.mesh, stream.remote, introduce.member, introduce.rootProof) && checkInvite(replica.mesh, invite.invite, proof, introduce.proof)
    if (!sound) throw new Refusal('invite_forged')
    const [admitted] = await replica.operate(() => {
      checkUse(replica, claim.opened, invite, runtime)
      return [{ type: 'admit', grant: replica.grant(), member: introduce.member, role: invite.role, rootProof: introduce.rootProof, introduction: introduce.introduction, invite: { opened: claim.opened, transcript, proof: introduce.proof } }]
    })
    await shareEpochs(replica, stream.remote, introduce.introduction.sealingKey, runtime)
    // From where the first showing ended: others may have been admitted since.
    await sendHistory(talk, replica, shown)
    talk.send({ type: 'welcome', admitted: admitted as EntryId })
    return { replica, admitted: admitted as EntryId }
  } catch (error) {
    // What the mesh would not let us do for the joiner is no matter of the joiner's role.
    const code = error instanceof Refusal ? error.code : error instanceof AtollError ? (error.code === 'not_permitted' ? 'invite_forged' : error.code) : 'internal'
    talk.send({ type: 'refuse', code, at: error instanceof Refusal ? error.at : '' })
    stream.close(`refused: ${code}`)
    return undefined
  }
}

/** All keys this device holds, as the history policy `all` says; the others are of later issues. */
export async function shareEpochs(replica: Replica, device: Replica['identity']['device'], sealingKey: SealingKey, runtime: Runtime): Promise<void> {
  const { keyring, membership } = replica.ledger
  await replica.operate(() =>
    keyring.epochs().flatMap((epoch) => {
      const at = membership.history.at(epoch)
      const shared = at !== undefined && membership.history.valid[at] ? keyring.sharing(epoch, [{ device, sealingKey }], runtime.random) : undefined
      return shared ? [{ type: 'share' as const, grant: replica.grant(), ...shared }] : []
    }),
  )
}

function standingInvite(replica: Replica, opened: EntryId): OpOf<'invite'> {
  const { history } = replica.membership
  const at = history.at(opened)
  const op = at === undefined ? undefined : history.entries[at]?.op
  if (at === undefined || op?.type !== 'invite') throw new Refusal('invite_unknown')
  const { reading } = replica.membership.now()
  const inviter = (history.entries[at] as MemberEntry).device
  // An invite ends with its inviter's place in the mesh.
  const inForce = reading.stands(at) && reading.isLive(history.grantBehind(at).at) && reading.isUsable(inviter, history.grantBehind(at))
  if (!inForce) throw new Refusal('invite_revoked')
  return op
}

/** Whether the invite may be used now, by this node. */
function checkUse(replica: Replica, opened: EntryId, invite: OpOf<'invite'>, runtime: Runtime): void {
  const closed = closeReason(replica, opened)
  if (closed === 'revoked') throw new Refusal('invite_revoked')
  if (closed === 'spent') throw new Refusal('invite_used_up')
  if (closed === 'expired' || (invite.expires > 0 && runtime.clock.now() > invite.expires)) throw new Refusal('invite_expired', new Date(invite.expires).toISOString())
  const self = replica.membership.now().device(replica.identity.device)
  if (!self || !granters.has(self.role) || rank(self.role) < rank(invite.role)) throw new Refusal('nobody_online')
  if (invite.approval === 'steward' && !stewards.has(self.role)) throw new Refusal('nobody_online')
  const { history } = replica.membership
  const used = (history.admissions.get(history.at(opened) as number) ?? []).filter((at) => replica.membership.now().reading.stands(at)).length
  if (used >= invite.uses) throw new Refusal('invite_used_up')
}
