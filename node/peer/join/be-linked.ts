/** The new device's side of a link: from a link to replicas in which this device is its person's. */
import { commitTo, deviceLinkKey, linkTranscript, proveDeviceLink, shortCode, type DeviceLink } from '../../../crdt/members/device-link.ts'
import { consentToLink, introduce } from '../../../crdt/members/proofs.ts'
import { fromHex, type MeshId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError } from '../../ports/errors.ts'
import type { FrameStream } from '../../ports/network.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { Identity } from '../replica/identity.ts'
import type { Replica } from '../replica/replica.ts'
import { deviceFrame, type DeviceFrame } from './device-frames.ts'
import { FrameQueue } from './frame-queue.ts'
import { takeHistory, type HistoryFrame } from './history-transfer.ts'

const patienceMs = 20_000

export interface BeLinkedNeeds {
  readonly link: DeviceLink
  readonly identity: Identity
  /** What the person at the other device is shown of this one. */
  readonly name: string
  readonly runtime: Runtime
  readonly signal: AbortSignal
}

/** A conversation with the device that made the link. */
export class LinkTalk implements Disposable {
  /** What the person types on the other device. */
  readonly code: string
  readonly #talk: FrameQueue<DeviceFrame>
  readonly #identity: Identity
  readonly #stop: () => void
  readonly #signal: AbortSignal

  private constructor(talk: FrameQueue<DeviceFrame>, code: string, { identity, signal }: BeLinkedNeeds) {
    this.#talk = talk
    this.code = code
    this.#identity = identity
    this.#signal = signal
    this.#stop = () => talk.stream.close('cancelled')
    signal.addEventListener('abort', this.#stop, { once: true })
  }

  /** Shows that we have the link, and settles the code. Throws device_link_closed, and nothing may be tried again after it has begun. */
  static async begin(stream: FrameStream, needs: BeLinkedNeeds): Promise<LinkTalk> {
    const { link, identity, name, runtime } = needs
    const talk = new FrameQueue(stream, deviceFrame, runtime, limits.joinHistoryBytes)
    const key = deviceLinkKey(link.secret)
    const newNonce = runtime.random.bytes(32)
    talk.send({ type: 'hello', link: fromHex(key.publicKey), commitment: commitTo(identity.device, newNonce) })
    const challenge = await expect(talk, 'challenge', patienceMs)
    const transcript = linkTranscript({ link: key.publicKey, newDevice: identity.device, oldDevice: stream.remote, newNonce, oldNonce: challenge.nonce })
    talk.send({ type: 'claim', nonce: newNonce, proof: proveDeviceLink(transcript, key), name })
    return new LinkTalk(talk, shortCode(transcript), needs)
  }

  /** Resolves with the meshes once the person has typed the code. */
  async accepted(withinMs: number): Promise<readonly MeshId[]> {
    try {
      return (await expect(this.#talk, 'accepted', withinMs)).meshes
    } catch (error) {
      this.#signal.throwIfAborted()
      throw error
    }
  }

  /** Takes one mesh: history, link and keys. Throws device_not_linkable, history_stale. */
  async enter(replica: Replica): Promise<void> {
    const { stream } = this.#talk
    const { mesh, identity } = replica
    this.#talk.send({ type: 'enter', mesh })
    await takeHistory(() => nextOfHistory(this.#talk), replica)
    const { membership } = replica
    const other = membership.now().device(stream.remote)
    if (!membership.has(mesh) || !other) throw new AtollError('history_stale')
    const earlier = membership.memberOf(identity.device)
    // Linked before, and this profile did not hear of it: what is missing comes with sync.
    const isLinked = membership.now().device(identity.device) !== undefined && earlier === other.member
    if (earlier !== undefined && !isLinked) throw new AtollError('device_not_linkable', { why: earlier === other.member ? 'it was removed from that mesh, for good' : 'it is another member’s in that mesh' })
    this.#talk.send({
      type: 'introduce',
      introduction: introduce(identity.signing, identity.sealing, other.member),
      consent: consentToLink(mesh, other.member, stream.remote, identity.signing),
    })
    await takeHistory(() => nextOfHistory(this.#talk), replica)
    await expect(this.#talk, 'welcome', patienceMs)
    if (membership.now().device(this.#identity.device)?.member !== other.member) throw new AtollError('device_link_closed')
  }

  /** Says that it was all. */
  done(): void {
    this.#talk.send({ type: 'done' })
  }

  [Symbol.dispose](): void {
    this.#signal.removeEventListener('abort', this.#stop)
    this.#talk.stream.close('done')
  }
}

async function nextOfHistory(talk: FrameQueue<DeviceFrame>): Promise<HistoryFrame> {
  const frame = await talk.next(patienceMs)
  if (frame.type === 'history' || frame.type === 'historyEnd') return frame
  throw new AtollError('device_link_closed')
}

async function expect<T extends 'challenge' | 'accepted' | 'welcome'>(talk: FrameQueue<DeviceFrame>, type: T, withinMs: number): Promise<Extract<DeviceFrame, { type: T }>> {
  const frame = await talk.next(withinMs)
  if (frame.type !== type) throw new AtollError('device_link_closed')
  return frame as Extract<DeviceFrame, { type: T }>
}
