/** From a link to an admission: finds members, asks one after the other, and waits for those who let a person decide. */
import { inviteCode, inviteKey, type InviteLink } from '../../../crdt/members/link.ts'
import { joinNumber } from '../../../crdt/members/join-number.ts'
import { inGroups } from '../../../crdt/members/thirty-digits.ts'
import type { DeviceId, MemberId, MeshId } from '../../../crdt/wire/ids.ts'
import { protocols } from '../../../crdt/wire/protocols.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError, type ErrorCode } from '../../ports/errors.ts'
import { join, type JoinNeeds } from '../join/joiner.ts'
import type { ServicesHost } from './services-host.ts'
import { placesOf } from './places-of.ts'
import { untilNextRound } from './enter-mesh.ts'

/** Refusals that another member may not share: its clock is right, or it has heard of the invite. */
const oneMembersWord: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['invite_expired', 'invite_unknown', 'invite_forged'])

/** Refusals for good. Of somebody who has shown nothing they are only words, since a relay may have named anybody: others are asked all the same. */
const lastWords: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['invite_revoked', 'invite_used_up'])
/** Who has one admin to wait for looks for more, but not as often. */
const lookAgainMs = 15_000

export type Joining = Pick<JoinNeeds, 'link' | 'root' | 'keepRoot' | 'replica' | 'name'>

export interface Manner {
  /** Whether to go on when nobody is there. Who waits for an admin goes on in any case. */
  readonly wait: boolean
  readonly progress: (text: string) => void
  readonly signal: AbortSignal
}

/** Tries everybody who stands behind the invite until one lets us in, or some say no for good. */
export async function joinSomebody(peer: ServicesHost, what: Joining, how: Manner): Promise<void> {
  const over = new AbortController()
  const seeker = new Seeker(peer, what, { ...how, signal: AbortSignal.any([how.signal, over.signal]) })
  const seeking = seeker.seek()
  try {
    await Promise.race([seeker.decided, seeking])
  } finally {
    over.abort()
    await Promise.allSettled([seeking])
    await seeker.ended()
  }
}

class Seeker {
  readonly #peer: ServicesHost
  readonly #what: Joining
  readonly #how: Manner
  readonly #decision = Promise.withResolvers<void>()
  /** Conversations with those who let a person decide. */
  readonly #waiting = new Map<DeviceId, Promise<void>>()
  /** Those who may not decide. */
  readonly #others = new Set<DeviceId>()
  #hasWaited = false
  #number: string | undefined
  #wake: () => void = () => undefined

  constructor(peer: ServicesHost, what: Joining, how: Manner) {
    this.#peer = peer
    this.#what = what
    this.#how = how
    this.#decision.promise.catch(() => {
      // Raced against the search; where that has ended first nobody asks any more.
    })
  }

  /** Resolves when somebody who was waited for let us in; rejects when one said no. */
  get decided(): Promise<void> {
    return this.#decision.promise
  }

  async ended(): Promise<void> {
    await Promise.all(this.#waiting.values())
  }

  /** Resolves when somebody let us in at once. */
  async seek(): Promise<void> {
    const { signal, progress } = this.#how
    for (let round = 0; ; round++) {
      signal.throwIfAborted()
      if (this.#waiting.size > 0) this.#sayNumber()
      else progress(round === 0 ? 'looking for a member who is online' : 'nobody is online yet; waiting')
      const answers = new Answers(this.#what.link.inviter)
      for (const device of await candidates(this.#peer, this.#what.link, signal)) {
        if (this.#waiting.has(device) || (this.#waiting.size > 0 && this.#others.has(device))) continue
        if (this.#waiting.size >= limits.adminsAsked || answers.enough) break
        try {
          if ((await this.#ask(device)) === 'in') return
        } catch (error) {
          if (error instanceof AtollError && error.code === 'needs_admin') this.#others.add(device)
          answers.add(error, device)
        }
      }
      if (this.#waiting.size === 0) answers.throwUnless(this.#how.wait || this.#hasWaited)
      await this.#pause()
    }
  }

  async #ask(device: DeviceId): Promise<'in' | 'waits'> {
    const { network, runtime } = this.#peer.needs
    const { signal, progress } = this.#how
    const stream = await network.open(device, protocols.join, signal)
    if (this.#waiting.size === 0) progress('asking to be let in')
    const waits = Promise.withResolvers<'waits'>()
    const conversation = join(stream, { ...this.#what, identity: this.#peer.identity, runtime, signal, onWaiting: () => waits.resolve('waits') })
    const first = await Promise.race([conversation.then(() => 'in' as const), waits.promise])
    if (first === 'in') return first
    this.#hasWaited = true
    this.#waiting.set(device, conversation.then(() => this.#decision.resolve(), (error: unknown) => this.#lost(device, error)))
    this.#sayNumber()
    return first
  }

  /** Somebody who was waited for has said no, or has gone. */
  #lost(device: DeviceId, error: unknown): void {
    this.#waiting.delete(device)
    if (error instanceof AtollError && error.code === 'join_refused') this.#decision.reject(error)
    // Only while one waits are those who may not decide left out.
    if (this.#waiting.size === 0) this.#others.clear()
    this.#wake()
  }

  #sayNumber(): void {
    const { link, root } = this.#what
    this.#number ??= inGroups(joinNumber(link.mesh as MeshId, root.publicKey as MemberId, this.#peer.identity.device))
    this.#how.progress(`waiting for an admin; your number: ${this.#number}`)
  }

  async #pause(): Promise<void> {
    if (this.#waiting.size === 0) return untilNextRound(this.#peer.needs.runtime, this.#how.signal)
    const early = Promise.withResolvers<void>()
    this.#wake = early.resolve
    using _timer = this.#peer.needs.runtime.timers.after(lookAgainMs, early.resolve)
    this.#how.signal.addEventListener('abort', this.#wake, { once: true })
    await early.promise
    this.#how.signal.removeEventListener('abort', this.#wake)
  }
}

/** What a round of asking brought. */
class Answers {
  readonly #final: AtollError[] = []
  readonly #maker: string
  #refused: AtollError | undefined
  #needsAdmin: AtollError | undefined
  #last: unknown = new AtollError('nobody_online')
  /** Whether the device that made the link said no for good: the connection proved that it was that one. */
  enough = false

  constructor(maker: string) {
    this.#maker = maker
  }

  /** Throws what no other member would see otherwise. */
  add(error: unknown, from: DeviceId): void {
    if (error instanceof AtollError && lastWords.has(error.code)) {
      this.#final.push(error)
      this.enough ||= from === this.#maker
    }
    else if (error instanceof AtollError && oneMembersWord.has(error.code)) this.#refused ??= error
    else if (error instanceof AtollError && error.code === 'needs_admin') this.#needsAdmin ??= error
    else if (error instanceof AtollError && !error.retry && error.code !== 'peer_unreachable') throw error
    this.#last = error
  }

  /** Throws why nobody let us in; where we may go on, only what is said for good. */
  throwUnless(goOn: boolean): void {
    const no = this.#final[0] ?? this.#refused ?? (goOn ? undefined : this.#needsAdmin)
    if (no) throw no
    if (!goOn) throw this.#last instanceof AtollError ? this.#last : new AtollError('nobody_online', {}, { cause: this.#last })
  }
}

function candidates(peer: ServicesHost, { inviter, addresses, secret, mesh }: InviteLink, signal: AbortSignal): Promise<readonly DeviceId[]> {
  return placesOf(peer, { device: inviter, addresses, code: inviteCode(inviteKey(secret).publicKey, mesh) }, signal)
}
