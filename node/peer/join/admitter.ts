/** The member's side of a join. */
import { checkIntroduction, checkInvite as checkInviteProof, checkRoot, inviteProofBytes } from '../../../crdt/members/proofs.ts'
import { verify } from '../../../crdt/crypto/sign.ts'
import type { EntryId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { domains } from '../../../crdt/wire/protocols.ts'
import { AtollError } from '../../ports/errors.ts'
import type { FrameStream } from '../../ports/network.ts'
import type { Runtime } from '../../ports/runtime.ts'
import { checkName } from '../mesh/names.ts'
import type { Replica } from '../replica/replica.ts'
import { checkInvite, inviteOpened } from './check-invite.ts'
import { FrameQueue } from './frame-queue.ts'
import { Refusal } from './refusal.ts'
import { joinFrame, transcriptOf, type JoinFrame } from './frames.ts'
import { sendHistory } from './history-transfer.ts'
import { letIn, type Application } from './let-in.ts'
import type { JoinRequests } from './requests.ts'

const patienceMs = 15_000
/** How often somebody who waits is told that it still does; less than the patience of either side. */
const reassureEveryMs = 10_000

/** A mesh that somebody may join here. */
export interface Door {
  readonly replica: Replica
  readonly requests: JoinRequests
}

/** Answers one joiner, until it is let in or not. @param doors of the meshes this node is in */
export async function admit(stream: FrameStream, doors: () => Iterable<Door>, runtime: Runtime): Promise<void> {
  // A stranger: what it has to say is short, and one thing at a time.
  stream.limitFrames(limits.handshakeBytes)
  const talk = new FrameQueue(stream, joinFrame, runtime, 2 * limits.handshakeBytes)
  try {
    await converse(talk, doors, runtime)
  } catch (error) {
    // What the mesh would not let us do for the joiner is no matter of the joiner's role.
    const code = error instanceof Refusal ? error.code : error instanceof AtollError ? (error.code === 'not_permitted' ? 'invite_forged' : error.code) : 'internal'
    talk.send({ type: 'refuse', code, at: error instanceof Refusal ? error.at : '' })
    stream.close(`refused: ${code}`)
  }
}

async function converse(talk: FrameQueue<JoinFrame>, doors: () => Iterable<Door>, runtime: Runtime): Promise<void> {
  const { remote } = talk.stream
  const hello = await expect(talk, 'hello')
  const nonce = runtime.random.bytes(32)
  talk.send({ type: 'challenge', nonce })
  const { opened, proof: claimed } = await expect(talk, 'claim')
  const door = [...doors()].find(({ replica }) => replica.membership.has(opened))
  if (!door) throw new Refusal('invite_unknown')
  const { replica, requests } = door
  const { device } = replica.identity
  const transcript = transcriptOf(replica.mesh, remote, device, hello.nonce, nonce)
  const invite = inviteOpened(replica, opened)
  if (!verify(domains.inviteChannel, replica.mesh, transcript, claimed, invite.invite)) throw new Refusal('invite_forged')
  // Who was let in and does not know it, having gone away meanwhile, learns it from the history, whatever became of the invite.
  if (!replica.membership.now().device(remote)) checkInvite(replica, opened, runtime.clock)
  const shown = await sendHistory(talk, replica, new Map())
  const { member, rootProof, introduction, proof } = await expect(talk, 'introduce')
  const sound = introduction.device === remote && checkIntroduction(introduction, member) && checkRoot(replica.mesh, remote, member, rootProof) && checkInviteProof(replica.mesh, invite.invite, inviteProofBytes(member, remote, device, opened, transcript), proof)
  if (!sound) throw new Refusal('invite_forged')
  const application: Application = { member, rootProof, introduction, opened, transcript, proof }
  const admitted = invite.approval === 'steward' ? await decided(talk, application, requests, runtime) : await letIn(replica, application, runtime)
  // From where the first showing ended: others may have been admitted since.
  await sendHistory(talk, replica, shown)
  talk.send({ type: 'welcome', admitted })
}

/** Keeps the request until a person has decided, for as long as the joiner stays on the line. @returns the admission */
async function decided(talk: FrameQueue<JoinFrame>, application: Application, requests: JoinRequests, { timers }: Runtime): Promise<EntryId> {
  talk.send({ type: 'waiting' })
  const { name } = await expect(talk, 'request')
  using held = requests.hold(application, checkName(name))
  const outcome: { admitted?: EntryId; why?: Error } = {}
  let wake = (): void => undefined
  held.decision.then((admitted) => (outcome.admitted = admitted), (error: unknown) => (outcome.why = error instanceof Error ? error : new Error(String(error)))).finally(() => wake())
  for (;;) {
    if (outcome.admitted !== undefined) return outcome.admitted
    if (outcome.why !== undefined) throw outcome.why
    const pause = Promise.withResolvers<void>()
    wake = pause.resolve
    using _reassure = timers.after(reassureEveryMs, wake)
    await pause.promise
    // Some invites end without an entry that says so.
    requests.review()
    if (outcome.admitted !== undefined || outcome.why !== undefined) continue
    talk.send({ type: 'waiting' })
    await expect(talk, 'request')
  }
}

async function expect<T extends JoinFrame['type']>(talk: FrameQueue<JoinFrame>, type: T): Promise<Extract<JoinFrame, { type: T }>> {
  const frame = await talk.next(patienceMs)
  if (frame.type !== type) throw new Refusal('invite_forged')
  return frame as Extract<JoinFrame, { type: T }>
}
