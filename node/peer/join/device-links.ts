/** The old device's side of a link: one at a time, in memory only, and who asks by it. */
import { checkDeviceLink, commitTo, deviceLinkCode, deviceLinkKey, linkTranscript, shortCode } from '../../../crdt/members/device-link.ts'
import { secretBytes } from '../../../crdt/members/link.ts'
import { checkConsent, checkIntroduction } from '../../../crdt/members/proofs.ts'
import { writers } from '../../../crdt/members/roles.ts'
import { sameBytes } from '../../../crdt/crypto/hash.ts'
import { toHex, type DeviceId, type MeshId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Log } from '../../ports/log.ts'
import type { FrameStream } from '../../ports/network.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { AskingDevice } from '../../ports/services.ts'
import type { Replica } from '../replica/replica.ts'
import { shareEpochs } from './share-epochs.ts'
import { deviceFrame, type DeviceFrame } from './device-frames.ts'
import { FrameQueue } from './frame-queue.ts'
import { sendHistory } from './history-transfer.ts'
import { Refusal } from './refusal.ts'

const patienceMs = 20_000

export interface DeviceLinksNeeds {
  /** This device. */
  readonly device: DeviceId
  readonly runtime: Runtime
  readonly log: Log
  readonly replica: (mesh: MeshId) => Replica | undefined
  /** Codes to stand behind have changed. */
  readonly changed: () => void
}

/** A device that was linked, and where. */
export interface LinkedDevice {
  readonly device: DeviceId
  readonly meshes: readonly MeshId[]
}

/** Somebody who has the link and has revealed what it had committed to. */
interface Candidate extends AskingDevice {
  readonly device: DeviceId
  readonly code: string
  /** The person typed the code. */
  readonly confirmed: PromiseWithResolvers<void>
  readonly linked: PromiseWithResolvers<LinkedDevice>
  misses: number
}

interface Offer {
  /** The public half of the link's key. */
  readonly link: string
  readonly meshes: readonly MeshId[]
  expiry: Disposable | undefined
  readonly asked: PromiseWithResolvers<Candidate>
  candidate: Candidate | undefined
  tries: number
}

export class DeviceLinks {
  readonly #needs: DeviceLinksNeeds
  #offer: Offer | undefined

  constructor(needs: DeviceLinksNeeds) {
    this.#needs = needs
  }

  /** Makes a link for these meshes, in place of one that is open. @returns its secret */
  open(meshes: readonly MeshId[], lastsMs: number): Uint8Array {
    this.close()
    const { random, timers } = this.#needs.runtime
    const secret = random.bytes(secretBytes)
    const offer: Offer = { link: deviceLinkKey(secret).publicKey, meshes, expiry: undefined, asked: Promise.withResolvers(), candidate: undefined, tries: 0 }
    offer.expiry = timers.after(lastsMs, () => this.#end(offer))
    quietly(offer.asked.promise)
    this.#offer = offer
    this.#needs.changed()
    return secret
  }

  /** What to stand behind at relays while a link is open. */
  codes(): readonly Uint8Array[] {
    return this.#offer ? [deviceLinkCode(this.#offer.link)] : []
  }

  /** Who asks by the open link, once somebody does. Throws device_link_closed where there is none, or it ends before. */
  async asking(signal: AbortSignal): Promise<AskingDevice> {
    const offer = this.#open()
    const left = Promise.withResolvers<never>()
    const leave = (): void => left.reject(signal.reason as Error)
    signal.addEventListener('abort', leave, { once: true })
    try {
      signal.throwIfAborted()
      const { device, name } = await Promise.race([offer.asked.promise, left.promise])
      return { device, name }
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  /** The person typed what the new device shows. Resolves when it is linked; throws code_wrong, or what kept it from being linked. */
  async confirm(code: string): Promise<LinkedDevice> {
    const offer = this.#open()
    const { candidate } = offer
    if (!candidate) throw new AtollError('device_link_unasked')
    if (candidate.code !== code) {
      if (++candidate.misses >= limits.shortCodeTries) this.#end(offer)
      throw new AtollError('code_wrong')
    }
    candidate.confirmed.resolve()
    return candidate.linked.promise
  }

  /** Ends the open link and refuses whoever asks by it. Throws device_link_closed where there is none. */
  refuse(): void {
    this.#end(this.#open())
  }

  close(): void {
    if (this.#offer) this.#end(this.#offer)
  }

  /** Answers one who has a link; what comes of it is said by `asking` and `confirm`. */
  async answer(stream: FrameStream): Promise<void> {
    // A stranger: what it has to say is short, and one thing at a time.
    stream.limitFrames(limits.handshakeBytes)
    const hungUp = Promise.withResolvers<never>()
    quietly(hungUp.promise)
    const talk = new FrameQueue(stream, deviceFrame, this.#needs.runtime, 2 * limits.handshakeBytes, {
      onFrame: (call) => stream.onFrame(call),
      onClose: (call) => stream.onClose((why) => (call(why), hungUp.reject(new AtollError('device_link_closed', {}, { cause: why })))),
    })
    const offer = this.#offer
    try {
      const candidate = await this.#meet(talk, offer)
      await Promise.race([candidate.confirmed.promise, candidate.linked.promise, hungUp.promise])
      candidate.linked.resolve(await this.#linkAll(talk, candidate.device, offer?.meshes ?? []))
      stream.close('linked')
      if (offer) this.#end(offer)
    } catch (error) {
      this.#needs.log.info('device_not_linked', { remote: stream.remote, why: String(error) })
      talk.send({ type: 'refuse', code: error instanceof Refusal ? error.code : 'device_link_closed' })
      stream.close('refused')
      if (!offer) return
      if (offer.candidate?.device === stream.remote) offer.candidate.linked.reject(error instanceof AtollError ? error : new AtollError('device_link_closed', {}, { cause: error }))
      if (offer.candidate?.device === stream.remote || offer.tries >= limits.deviceLinkTries) this.#end(offer)
    }
  }

  /** Every conversation in which our random bytes are told counts as a try (device-link.ts). The first who proves the link takes it. */
  async #meet(talk: FrameQueue<DeviceFrame>, offer: Offer | undefined): Promise<Candidate> {
    const { device, runtime: { random } } = this.#needs
    const { remote } = talk.stream
    const hello = await expect(talk, 'hello')
    const isOpen = (): boolean => offer !== undefined && offer === this.#offer && offer.candidate === undefined
    if (!offer || !isOpen() || toHex(hello.link) !== offer.link || offer.tries >= limits.deviceLinkTries) throw new Refusal('device_link_closed')
    offer.tries++
    const oldNonce = random.bytes(32)
    talk.send({ type: 'challenge', nonce: oldNonce })
    const claim = await expect(talk, 'claim')
    const transcript = linkTranscript({ link: offer.link, newDevice: remote, oldDevice: device, newNonce: claim.nonce, oldNonce })
    if (!isOpen() || !sameBytes(commitTo(remote, claim.nonce), hello.commitment) || !checkDeviceLink(transcript, claim.proof, offer.link)) throw new Refusal('device_link_closed')
    const candidate: Candidate = { device: remote, name: claim.name, code: shortCode(transcript), confirmed: Promise.withResolvers(), linked: Promise.withResolvers(), misses: 0 }
    quietly(candidate.linked.promise)
    offer.candidate = candidate
    offer.asked.resolve(candidate)
    return candidate
  }

  /** Nobody gets here before the person has typed the code. */
  async #linkAll(talk: FrameQueue<DeviceFrame>, device: DeviceId, meshes: readonly MeshId[]): Promise<LinkedDevice> {
    talk.send({ type: 'accepted', meshes })
    const open = new Set(meshes)
    const linked: MeshId[] = []
    try {
      for (let frame = await talk.next(patienceMs); frame.type !== 'done'; frame = await talk.next(patienceMs)) {
        const replica = frame.type === 'enter' && open.delete(frame.mesh) ? this.#needs.replica(frame.mesh) : undefined
        if (!replica) throw new Refusal('device_link_closed')
        await linkTo(replica, talk, this.#needs)
        linked.push(replica.mesh)
      }
    } catch (error) {
      // It is linked as far as it came.
      if (linked.length === 0) throw isTheirs(error) ? new AtollError('device_link_broken', { why: String(error.details['why'] ?? 'it fell silent') }, { cause: error }) : error
      this.#needs.log.info('device_link_broke_off', { device, why: String(error) })
    }
    return { device, meshes: linked }
  }

  #open(): Offer {
    if (!this.#offer) throw new AtollError('device_link_closed')
    return this.#offer
  }

  #end(offer: Offer): void {
    if (this.#offer !== offer) return
    this.#offer = undefined
    offer.expiry?.[Symbol.dispose]()
    const why = new AtollError('device_link_closed')
    offer.asked.reject(why)
    offer.candidate?.linked.reject(why)
    this.#needs.changed()
  }
}

/** One mesh: what the membership is, the device's own word, its link, the keys. */
async function linkTo(replica: Replica, talk: FrameQueue<DeviceFrame>, { device: self, runtime }: DeviceLinksNeeds): Promise<void> {
  const { remote } = talk.stream
  const { mesh } = replica
  const shown = await sendHistory(talk, replica, new Map())
  const { introduction, consent } = await expect(talk, 'introduce')
  const own = replica.membership.now().device(self)
  if (!own) throw new AtollError('removed', { at: 'an earlier day' })
  const sound = introduction.device === remote && checkIntroduction(introduction, own.member) && checkConsent(mesh, own.member, self, remote, consent)
  if (!sound) throw new Refusal('device_link_closed')
  // An earlier try may have come so far.
  const isLinked = replica.membership.now().device(remote)?.member === own.member
  if (!isLinked) await replica.operate(() => [{ type: 'link', grant: replica.grant(), introduction, consent, rootProof: undefined }])
  // Guests hand on no keys: a writer does, when it hears of the link.
  if (writers.has(own.role)) await shareEpochs(replica, remote, introduction.sealingKey, runtime)
  await sendHistory(talk, replica, shown)
  talk.send({ type: 'welcome' })
}

async function expect<T extends DeviceFrame['type']>(talk: FrameQueue<DeviceFrame>, type: T): Promise<Extract<DeviceFrame, { type: T }>> {
  const frame = await talk.next(patienceMs)
  if (frame.type !== type) throw new Refusal('device_link_closed')
  return frame as Extract<DeviceFrame, { type: T }>
}

/** Whether it is the other side that hung up or fell silent. */
const isTheirs = (error: unknown): error is AtollError => error instanceof AtollError && (error.code === 'node_unreachable' || error.code === 'timed_out')

/** Somebody may ask for it later, or nobody: that it failed is no error of this process. */
function quietly(promise: Promise<unknown>): void {
  promise.catch(() => undefined)
}
