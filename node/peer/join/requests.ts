/**
 * Who asks to be let in by an invite that wants an admin's approval, as this node knows it. Kept in memory: a joiner
 * that waits asks anew when this node was restarted, and one that went away may be let in meanwhile, for a while.
 */
import { joinNumber } from '../../../crdt/members/join-number.ts'
import { inGroups, parseThirtyDigits } from '../../../crdt/members/thirty-digits.ts'
import type { DeviceId, EntryId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Log } from '../../ports/log.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { Replica } from '../replica/replica.ts'
import { checkInvite } from './check-invite.ts'
import { admissionOf, letIn, type Application } from './let-in.ts'
import { Refusal } from './refusal.ts'

interface Pending {
  application: Application
  /** What the joiner wants to be called. */
  name: string
  readonly askedAt: number
  /** The joiner's connection, while it is there. */
  line: PromiseWithResolvers<EntryId> | undefined
  /** When it was last there, by the monotonic clock. */
  lastHere: number
  number: string | undefined
}

/** One request, as it is shown. */
export interface Requested {
  readonly device: DeviceId
  readonly number: string
  readonly name: string
  readonly askedAt: number
  readonly opened: EntryId
  readonly here: boolean
}

export class JoinRequests implements Disposable {
  readonly #replica: Replica
  readonly #runtime: Runtime
  readonly #log: Log
  readonly #pending = new Map<DeviceId, Pending>()
  readonly #watchers = new Set<(device: DeviceId) => void>()
  readonly #listening: Disposable

  constructor({ replica, runtime, log }: { readonly replica: Replica; readonly runtime: Runtime; readonly log: Log }) {
    this.#replica = replica
    this.#runtime = runtime
    this.#log = log
    this.#listening = replica.onCommit(({ membership }) => membership && this.review())
  }

  /** Calls back with each device that asks and did not before. */
  watch(on: (device: DeviceId) => void): Disposable {
    this.#watchers.add(on)
    return { [Symbol.dispose]: () => void this.#watchers.delete(on) }
  }

  /**
   * Keeps a request while the joiner is on the line, and for a while after that. Throws Refusal (busy) where too many wait.
   * @returns the decision: the admission, or it rejects with a Refusal. Disposed when the joiner has gone.
   */
  hold(application: Application, name: string): Disposable & { readonly decision: Promise<EntryId> } {
    const { device } = application.introduction
    const known = this.#pending.get(device)
    const isNew = known?.application.opened !== application.opened
    if (isNew) this.#makeRoom(application.opened, device)
    // The same device on a newer connection: what it shows now is what counts.
    known?.line?.reject(new Refusal('busy'))
    const line = Promise.withResolvers<EntryId>()
    line.promise.catch(() => {
      // Whoever waits for the decision hears of it; where the joiner has gone nobody does.
    })
    const pending: Pending = { application, name, askedAt: isNew || !known ? this.#runtime.clock.now() : known.askedAt, line, lastHere: this.#runtime.timers.elapsed(), number: known?.application.member === application.member ? known.number : undefined }
    this.#pending.set(device, pending)
    if (isNew) {
      this.#log.info('join_requested', { device, invite: application.opened })
      for (const on of this.#watchers) on(device)
    }
    return {
      decision: line.promise,
      [Symbol.dispose]: () => {
        if (pending.line === line) pending.line = undefined
        pending.lastHere = this.#runtime.timers.elapsed()
      },
    }
  }

  /** How many wait for a decision. */
  count(): number {
    this.review()
    return this.#pending.size
  }

  /** Whoever may still be let in, or only some of them, in the order in which they asked. */
  list(only?: ReadonlySet<DeviceId>): readonly Requested[] {
    this.review()
    const wanted = [...this.#pending].filter(([device]) => only?.has(device) !== false)
    return wanted.map(([, pending]) => this.#shown(pending)).sort((a, b) => a.askedAt - b.askedAt)
  }

  /** Whose number, or the beginning of whose device's id, was typed. Throws request_unknown. */
  find(typed: string): Requested {
    const digits = parseThirtyDigits(typed)
    const wanted = typed.trim().toLowerCase()
    const found = this.list().filter(({ device, number }) => (digits === undefined ? wanted.length >= 6 && device.startsWith(wanted) : number === inGroups(digits)))
    const [only, ...others] = found
    if (!only || others.length > 0) throw new AtollError('request_unknown', { request: typed })
    return only
  }

  /** Lets somebody in. Throws request_unknown, or Refusal where the invite has ended. @returns the admission */
  async approve(device: DeviceId): Promise<EntryId> {
    const pending = this.#pending.get(device)
    if (!pending) throw new AtollError('request_unknown', { request: device.slice(0, 12) })
    const admitted = await letIn(this.#replica, pending.application, this.#runtime)
    this.#settle(device, (line) => line.resolve(admitted))
    return admitted
  }

  /** Sends somebody away. They may ask again while the invite is open. */
  refuse(device: DeviceId): void {
    this.#settle(device, (line) => line.reject(new Refusal('join_refused')))
  }

  /** Ends every conversation: whoever waits asks another, or asks again when this node is back. */
  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]()
    this.#watchers.clear()
    for (const device of [...this.#pending.keys()]) this.#settle(device, (line) => line.reject(new Refusal('nobody_online')))
  }

  /** The longest gone makes room; who is there does not. */
  #makeRoom(opened: EntryId, except: DeviceId): void {
    this.review()
    const others = [...this.#pending].filter(([device]) => device !== except)
    const byInvite = others.filter(([, { application }]) => application.opened === opened)
    for (const [among, most] of [[byInvite, limits.joinRequestsPerInvite], [others, limits.joinRequestsPerMesh]] as const) {
      if (among.filter(([device]) => this.#pending.has(device)).length < most) continue
      const [gone] = among.filter(([device, { line }]) => line === undefined && this.#pending.has(device)).sort(([, a], [, b]) => a.lastHere - b.lastHere)
      if (!gone) throw new Refusal('busy')
      this.#pending.delete(gone[0])
    }
  }

  /** Ends what has become pointless: somebody else let them in, the invite has ended, they were gone for too long. */
  review(): void {
    if (!this.#replica.mayRead()) return
    for (const [device, { application, line, lastHere }] of [...this.#pending]) {
      const admitted = admissionOf(this.#replica, device)
      if (admitted !== undefined) {
        this.#settle(device, (open) => open.resolve(admitted))
        continue
      }
      if (line === undefined && this.#runtime.timers.elapsed() - lastHere > limits.joinRequestLifeMs) this.#pending.delete(device)
      const why = this.#endedFor(application.opened)
      if (why) this.#settle(device, (open) => open.reject(why))
    }
  }

  #endedFor(opened: EntryId): Refusal | undefined {
    try {
      checkInvite(this.#replica, opened, this.#runtime.clock)
      return undefined
    } catch (error) {
      if (error instanceof Refusal) return error
      throw error
    }
  }

  #settle(device: DeviceId, tell: (line: PromiseWithResolvers<EntryId>) => void): void {
    const pending = this.#pending.get(device)
    this.#pending.delete(device)
    if (pending?.line) tell(pending.line)
  }

  #shown(pending: Pending): Requested {
    const { application: { member, introduction: { device }, opened }, name, askedAt, line } = pending
    pending.number ??= inGroups(joinNumber(this.#replica.mesh, member, device))
    return { device, number: pending.number, name, askedAt, opened, here: line !== undefined }
  }
}
