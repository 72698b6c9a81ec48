/** The member's side of a recovery. */
import { verify } from '../../../crdt/crypto/sign.ts'
import type { DeviceId, MemberId, MeshId } from '../../../crdt/wire/ids.ts'
import { domains } from '../../../crdt/wire/protocols.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Log } from '../../ports/log.ts'
import type { FrameStream } from '../../ports/network.ts'
import type { Runtime } from '../../ports/runtime.ts'
import { answerMesh } from '../mesh-handshake.ts'
import type { Replica } from '../replica/replica.ts'
import { FrameQueue } from './frame-queue.ts'
import { Refusal } from './refusal.ts'
import { transcriptOf } from './frames.ts'
import { sendHistory } from './history-transfer.ts'
import { shareEpochs } from './share-epochs.ts'
import { recoveryFrame, recoveryFrameBytes, type RecoveryFrame } from './recovery-frames.ts'

const patienceMs = 15_000

/** Answers one who comes back to one of the meshes this node is in. */
export function answerRecovery(stream: FrameStream, replicas: () => ReadonlyMap<MeshId, Replica>, { device, runtime, log, refuses, onFault }: { readonly device: DeviceId; readonly runtime: Runtime; readonly log: Log; readonly refuses: (mesh: MeshId, member: MemberId) => boolean; readonly onFault: (remote: DeviceId, why: string) => void }): void {
  answerMesh(stream, () => replicas().keys(), { device, runtime, onFault }, (handover, mesh) => {
    stream.limitFrames(recoveryFrameBytes)
    const talk = new FrameQueue(stream, recoveryFrame, runtime, 2 * recoveryFrameBytes, handover)
    takeBack(talk, replicas().get(mesh) as Replica, runtime, (member) => refuses(mesh, member)).catch((error: unknown) => {
      log.info('recovery_refused', { mesh, remote: stream.remote, why: String(error) })
      talk.send({ type: 'refuse', code: error instanceof Refusal ? error.code : 'nobody_online' })
      stream.close('refused')
    })
  })
}

async function takeBack(talk: FrameQueue<RecoveryFrame>, replica: Replica, runtime: Runtime, refuses: (member: MemberId) => boolean): Promise<void> {
  const { remote } = talk.stream
  const nonce = runtime.random.bytes(32)
  talk.send({ type: 'challenge', nonce })
  const claim = await expect(talk, 'claim')
  const transcript = transcriptOf(replica.mesh, remote, replica.identity.device, claim.nonce, nonce)
  const proved = verify(domains.recoveryClaim, replica.mesh, transcript, claim.proof, claim.member)
  if (!proved || replica.membership.now().member(claim.member)?.status !== 'active') throw new Refusal('recovery_refused')
  // Whoever answers hands over keys, which takes a writer; who is blocked here asks another.
  if (refuses(claim.member) || !replica.membership.now().isWriter(replica.identity.device)) throw new Refusal('nobody_online')
  const shown = await sendHistory(talk, replica, new Map())
  const { run } = await expect(talk, 'link')
  if (run.length > 0) await replica.receive(run)
  const sealingKey = replica.membership.now().sealingKey(remote)
  if (!sealingKey || replica.membership.now().device(remote)?.member !== claim.member) throw new Refusal('recovery_refused')
  await shareEpochs(replica, remote, sealingKey, runtime)
  await sendHistory(talk, replica, shown)
  talk.send({ type: 'welcome' })
}

async function expect<T extends 'claim' | 'link'>(talk: FrameQueue<RecoveryFrame>, type: T): Promise<Extract<RecoveryFrame, { type: T }>> {
  const frame = await talk.next(patienceMs)
  if (frame.type !== type) throw new AtollError('node_unreachable', { why: 'it does not keep to the protocol' })
  return frame as Extract<RecoveryFrame, { type: T }>
}
