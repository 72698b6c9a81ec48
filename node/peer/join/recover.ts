/** The side of whoever comes back: from a root key to a replica in which this device is its member's. */
import { sign, type SigningPair } from '../../../crdt/crypto/sign.ts'
import { consentToLink, introduce, proveRootLink } from '../../../crdt/members/proofs.ts'
import type { EntryId, MemberId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { domains } from '../../../crdt/wire/protocols.ts'
import { AtollError } from '../../ports/errors.ts'
import type { FrameStream } from '../../ports/network.ts'
import type { Runtime } from '../../ports/runtime.ts'
import { proposeMesh } from '../mesh-handshake.ts'
import type { Replica } from '../replica/replica.ts'
import { FrameQueue } from './frame-queue.ts'
import { transcriptOf } from './frames.ts'
import { takeHistory, type HistoryFrame } from './history-transfer.ts'
import { recoveryFrame, type RecoveryFrame } from './recovery-frames.ts'

const patienceMs = 20_000
const linkRunBytes = 16 * 1024

export interface RecoverNeeds {
  readonly root: SigningPair
  /** What the history must hold. */
  readonly frontier: readonly EntryId[]
  /** A replica of the mesh that holds nothing but what an earlier try took in. */
  readonly replica: Replica
  readonly runtime: Runtime
  readonly signal: AbortSignal
}

/**
 * Asks one member for the history, links this device to the root key's member, and takes the keys. Throws AtollError:
 * recovery_refused where the member is not in the mesh any more, history_stale where what is shown cannot be trusted.
 */
export async function recover(stream: FrameStream, needs: RecoverNeeds): Promise<void> {
  const stop = (): void => stream.close('cancelled')
  needs.signal.addEventListener('abort', stop, { once: true })
  try {
    await converse(stream, needs)
  } finally {
    needs.signal.removeEventListener('abort', stop)
    stream.close('done')
  }
}

async function converse(stream: FrameStream, { root, frontier, replica, runtime }: RecoverNeeds): Promise<void> {
  const { mesh, identity } = replica
  const talk = await propose(stream, replica, runtime)
  const challenge = await expect(talk, 'challenge')
  const nonce = runtime.random.bytes(32)
  const member = root.publicKey as MemberId
  const transcript = transcriptOf(mesh, identity.device, stream.remote, nonce, challenge.nonce)
  talk.send({ type: 'claim', member, nonce, proof: sign(domains.recoveryClaim, mesh, transcript, root) })
  await takeHistory(() => nextOfHistory(talk), replica)
  const { membership } = replica
  const now = membership.now()
  if (!membership.has(mesh) || !frontier.every((id) => membership.has(id)) || !now.device(stream.remote)) throw new AtollError('history_stale')
  if (now.member(member)?.status !== 'active') throw new AtollError('recovery_refused')
  talk.send({ type: 'link', run: await linkRun(replica, root) })
  await takeHistory(() => nextOfHistory(talk), replica)
  await expect(talk, 'welcome')
}

async function propose(stream: FrameStream, { mesh, identity }: Replica, runtime: Runtime): Promise<FrameQueue<RecoveryFrame>> {
  let talk: FrameQueue<RecoveryFrame> | undefined
  try {
    await proposeMesh(stream, mesh, { device: identity.device, runtime }, (handover) => {
      talk = new FrameQueue(stream, recoveryFrame, runtime, limits.joinHistoryBytes, handover)
    })
  } catch (error) {
    throw new AtollError('nobody_online', {}, { cause: error })
  }
  return talk as unknown as FrameQueue<RecoveryFrame>
}

/** The entry by which this device links itself, made where the history knows of none: an earlier try may have left it there. */
async function linkRun(replica: Replica, root: SigningPair): Promise<readonly Uint8Array[]> {
  const { mesh, identity } = replica
  const member = root.publicKey as MemberId
  if (!replica.membership.now().device(identity.device)) {
    await replica.operate(() => {
      const grant = replica.membership.now().grantOf(member)
      if (!grant) throw new AtollError('recovery_refused')
      return [{
        type: 'link',
        grant,
        introduction: introduce(identity.signing, identity.sealing, member),
        consent: consentToLink(mesh, member, identity.device, identity.signing),
        rootProof: proveRootLink(mesh, identity.device, grant, root),
      }]
    })
  }
  const own = [...replica.logs()].find(({ type, device }) => type === 'membership' && device === identity.device)
  return own ? replica.readRun(own.log, 0, linkRunBytes).slice(0, 1) : []
}

async function nextOfHistory(talk: FrameQueue<RecoveryFrame>): Promise<HistoryFrame> {
  const frame = await next(talk)
  if (frame.type === 'history' || frame.type === 'historyEnd') return frame
  throw offProtocol()
}

async function expect<T extends 'challenge' | 'welcome'>(talk: FrameQueue<RecoveryFrame>, type: T): Promise<Extract<RecoveryFrame, { type: T }>> {
  const frame = await next(talk)
  if (frame.type !== type) throw offProtocol()
  return frame as Extract<RecoveryFrame, { type: T }>
}

/** A peer's refusal is its word: whether it is believed is decided among several. */
async function next(talk: FrameQueue<RecoveryFrame>): Promise<Exclude<RecoveryFrame, { type: 'refuse' }>> {
  const frame = await talk.next(patienceMs)
  if (frame.type === 'refuse') throw new AtollError(frame.code === 'recovery_refused' ? 'recovery_refused' : 'nobody_online')
  return frame
}

const offProtocol = (): AtollError => new AtollError('node_unreachable', { why: 'the member that answered does not keep to the protocol' })
