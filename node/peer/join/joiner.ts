/** The joiner's side: from a link to a replica that is admitted. */
import { Membership } from '../../../crdt/members/membership.ts'
import { inviteKey, type InviteLink } from '../../../crdt/members/link.ts'
import { introduce, inviteProofBytes, proveInvite, proveRoot } from '../../../crdt/members/proofs.ts'
import { stewards } from '../../../crdt/members/roles.ts'
import { sign, type SigningPair } from '../../../crdt/crypto/sign.ts'
import type { MemberId, MeshId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { domains } from '../../../crdt/wire/protocols.ts'
import { AtollError, type ErrorCode } from '../../ports/errors.ts'
import type { FrameStream } from '../../ports/network.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { Identity } from '../replica/identity.ts'
import type { Replica } from '../replica/replica.ts'
import { FrameQueue } from './frame-queue.ts'
import { joinFrame, transcriptOf, type JoinFrame } from './frames.ts'
import { takeHistory, type HistoryFrame } from './history-transfer.ts'

const patienceMs = 20_000
/** For its first word a member has nothing to look up: strangers who stay silent are not to keep us from the next. */
const firstWordMs = 5_000

export interface JoinNeeds {
  readonly link: InviteLink
  readonly identity: Identity
  readonly root: SigningPair
  /** Called before a member learns of the root: it must be durable by then. */
  readonly keepRoot: () => void
  readonly runtime: Runtime
  /** An empty replica of the link's mesh: what it takes in proves itself or is refused. */
  readonly replica: Replica
  /** What an admin who has to decide is told to call us. */
  readonly name: string
  /** The member that answered keeps our request until somebody has decided. Called once. */
  readonly onWaiting: () => void
  readonly signal: AbortSignal
}

/**
 * Asks one member to be let in, for as long as that takes. Throws AtollError with the reason when it does not, and
 * `history_stale` when what it shows cannot be trusted.
 */
export async function join(stream: FrameStream, needs: JoinNeeds): Promise<void> {
  const stop = (): void => stream.close('cancelled')
  needs.signal.addEventListener('abort', stop, { once: true })
  try {
    await converse(stream, needs)
  } catch (error) {
    stream.close('not joined')
    throw error
  } finally {
    needs.signal.removeEventListener('abort', stop)
  }
  stream.close('joined')
}

async function converse(stream: FrameStream, { link, identity, root, keepRoot, runtime, replica, name, onWaiting }: JoinNeeds): Promise<void> {
  const talk = new FrameQueue(stream, joinFrame, runtime, limits.joinHistoryBytes)
  const mesh = link.mesh as MeshId
  const key = inviteKey(link.secret)
  const nonce = runtime.random.bytes(32)
  talk.send({ type: 'hello', nonce })
  const challenge = await expect(talk, 'challenge', firstWordMs)
  const transcript = transcriptOf(mesh, identity.device, stream.remote, nonce, challenge.nonce)
  talk.send({ type: 'claim', opened: link.opened, proof: sign(domains.inviteChannel, mesh, transcript, key) })
  await takeHistory(() => nextOfHistory(talk), replica)
  checkMember(replica.membership, link, stream)
  const member = root.publicKey as MemberId
  const earlier = replica.membership.memberOf(identity.device)
  // Let in before: this profile was put back to a day on which it did not know. Its keys came with the history.
  if (replica.membership.now().device(identity.device)) return
  if (earlier !== undefined && earlier !== member) throw new AtollError('root_missing')
  keepRoot()
  talk.send({
    type: 'introduce',
    member,
    rootProof: proveRoot(mesh, identity.device, root),
    introduction: introduce(identity.signing, identity.sealing, member),
    proof: proveInvite(mesh, key, inviteProofBytes(member, identity.device, stream.remote, link.opened, transcript)),
  })
  let isWaiting = false
  const waits = (): void => {
    if (!mayDecide(replica.membership, link, stream)) throw offProtocol()
    talk.send({ type: 'request', name })
    if (!isWaiting) onWaiting()
    isWaiting = true
  }
  await takeHistory(() => nextOfHistory(talk, waits), replica)
  await expect(talk, 'welcome')
  if (!replica.membership.now().device(identity.device)) throw new AtollError('invite_forged', { why: 'the admission that came back does not hold' })
}

/** @param waits called when the member says that it is not decided yet; missing where that makes no sense */
async function nextOfHistory(talk: FrameQueue<JoinFrame>, waits?: () => void): Promise<HistoryFrame> {
  for (let hasWaited = false; ; hasWaited = true) {
    const frame = await talk.next(patienceMs)
    if (frame.type === 'history' || frame.type === 'historyEnd') return frame
    // Only who may decide can have decided.
    if (frame.type === 'refuse') throw hasWaited && frame.code === 'join_refused' ? new AtollError('join_refused') : refusal(frame.code, frame.at)
    if (frame.type !== 'waiting' || !waits) throw offProtocol()
    waits()
  }
}

/** Whether the member that answered is one who may let us in by an invite that asks for approval. */
function mayDecide(membership: Membership, link: InviteLink, stream: FrameStream): boolean {
  const opened = membership.history.at(link.opened)
  const op = opened === undefined ? undefined : membership.history.entries[opened]?.op
  return op?.type === 'invite' && op.approval === 'steward' && stewards.has(membership.now().device(stream.remote)?.role ?? 'mirror')
}

/** The mesh must be the link's and at least as new, and whoever answers must be in it. */
function checkMember(membership: Membership, link: InviteLink, stream: FrameStream): void {
  const opened = membership.history.at(link.opened)
  if (!membership.has(link.mesh) || opened === undefined) throw new AtollError('history_stale')
  if (membership.history.entries[opened]?.device !== link.inviter) throw new AtollError('invite_forged', { why: 'it names another inviter than the mesh does' })
  if (!membership.now().device(stream.remote)) throw new AtollError('history_stale')
}

async function expect<T extends 'challenge' | 'welcome'>(talk: FrameQueue<JoinFrame>, type: T, ms = patienceMs): Promise<Extract<JoinFrame, { type: T }>> {
  const frame = await talk.next(ms)
  if (frame.type === 'refuse') throw refusal(frame.code, frame.at)
  if (frame.type !== type) throw offProtocol()
  return frame as Extract<JoinFrame, { type: T }>
}

const offProtocol = (): AtollError => new AtollError('invite_forged', { why: 'the member that answered does not keep to the protocol' })

/** What a member may refuse with. Anything else is its own trouble: another may let us in. */
const refusals: ReadonlySet<string> = new Set<ErrorCode>(['invite_unknown', 'invite_revoked', 'invite_used_up', 'invite_expired', 'invite_forged', 'nobody_online', 'busy', 'needs_admin'])

/** A peer's refusal: its code where it is one, never its words. */
function refusal(code: string, at: string): AtollError {
  const known = refusals.has(code) ? (code as ErrorCode) : 'nobody_online'
  const when = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(at) ? at : 'an earlier day'
  return new AtollError(known, { at: when, why: 'the member that answered did not accept it' })
}
