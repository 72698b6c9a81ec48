/** Messages of one mesh: sending, the inbox of each reader, receipts. */
import { messagePayload, type Target } from '../../../crdt/docs/change.ts'
import { idOfMessageKey, messageIds, messageKey, parseMessage, readMessage, receiptMark, type MessageRow } from '../../../crdt/docs/messages.ts'
import { readers } from '../../../crdt/members/roles.ts'
import type { TypeOf } from '../../../crdt/wire/codec.ts'
import { boundRandomBytes } from '../../../crdt/crypto/bound-id.ts'
import { fromHex, toHex, type DeviceId, type LogId, type MemberId } from '../../../crdt/wire/ids.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { Message, MessageMode, Priority, ReceiptState } from '../../ports/services.ts'
import type { Committed, Replica } from '../replica/replica.ts'
import { audienceOf } from './audience.ts'
import type { Written } from '../replica/author.ts'
import type { Grants } from './grants.ts'
import type { Names } from './names.ts'

const receiptsAfterMs = 1_000
/** Everybody stores everybody's receipts: the more answer, the more each waits before it answers again. */
const receiptsEveryMsPerPeer = 200
const page = 500
const empty = new Uint8Array()
/** Stands for any reader in the table of what was delivered. */
const anybody = '*'

/** Who reads an inbox: an agent's session, or the person at the command line. */
export interface InboxReader {
  readonly id: string
  readonly session: string | undefined
}

export interface MailPolicy {
  readonly isConfirmed: (member: MemberId) => boolean
  /** Which messages reach sessions unasked. */
  readonly mode: () => MessageMode
}

export class Mail {
  readonly #replica: Replica
  readonly #names: Names
  readonly #isConfirmed: MailPolicy['isConfirmed']
  readonly #mode: MailPolicy['mode']
  readonly #grants: Grants
  readonly #runtime: Runtime
  readonly #listening: Disposable
  readonly #arrivals = new Set<(id: string) => void>()
  /** The newest seq of each foreign log that a receipt is owed for. */
  readonly #owed = new Map<LogId, { device: DeviceId; seq: number }>()
  #receipts: Disposable | undefined
  /** When this device last answered, by the monotonic clock. */
  #answeredAt = -Infinity
  readonly #firstSeen = new Map<string, number>()
  /** What is being handed to a reader: another call of the same reader must not get it too. */
  readonly #handing = new Set<string>()
  /** Below this key everything was delivered to a reader. */
  readonly #marks = new Map<string, string>()

  constructor(replica: Replica, names: Names, grants: Grants, runtime: Runtime, { isConfirmed, mode }: MailPolicy) {
    this.#replica = replica
    this.#names = names
    this.#isConfirmed = isConfirmed
    this.#mode = mode
    this.#grants = grants
    this.#runtime = runtime
    this.#listening = replica.onCommit((committed) => this.#committed(committed))
    this.#owePast()
  }

  /** What was kept from readers may be for them now, and the other way round. */
  grantsChanged(): void {
    this.#marks.clear()
    this.#owePast()
  }

  stop(): void {
    this.#listening[Symbol.dispose]()
    this.#receipts?.[Symbol.dispose]()
  }

  async send(input: { targets: readonly Target[]; text: string; priority: Priority; session: string; replyTo: string | undefined; key: string | undefined }): Promise<MessageRow> {
    const known = input.key === undefined ? undefined : this.#replica.store.get('sent', `key\0${input.key}`)
    const earlier = known && readMessage(this.#replica.store, toHex(known))
    if (earlier) return earlier
    const id = messageIds.make(this.#replica.identity.device, this.#runtime.random.bytes(boundRandomBytes))
    const message: TypeOf<typeof messagePayload> = { id, session: input.session, targets: input.targets, priority: input.priority, replyTo: input.replyTo, text: input.text }
    const [written] = await this.#replica.write([{ type: 'message', message, audience: this.#audience(input.targets) }]) as [Written]
    if (input.key !== undefined) await this.#replica.note([{ table: 'sent', key: `key\0${input.key}`, value: fromHex(id) }])
    return { ...written, device: this.#replica.identity.device, message }
  }

  /**
   * What has not been delivered to this reader, oldest first; unless peeking, it counts as delivered afterwards.
   * @param only the ids of those that are wanted; the others stay
   */
  async drain(reader: InboxReader, limit: number, peek: boolean, only: ReadonlySet<string> | undefined): Promise<readonly Message[]> {
    const found: MessageRow[] = []
    const { store } = this.#replica
    let mark = this.#marks.get(reader.id) ?? ''
    let contiguous = true
    for (let after = mark; found.length < limit; ) {
      const rows = store.scan('message', { after, limit: page })
      for (const [key, stored] of rows) {
        after = key
        if (only && !only.has(idOfMessageKey(key))) {
          contiguous = false
          continue
        }
        const delivered = `${reader.id}\0${idOfMessageKey(key)}`
        const row = found.length < limit && !this.#handing.has(delivered) && !store.get('delivered', delivered) ? parseMessage(stored) : undefined
        if (row && this.#isFor(row, reader)) found.push(row)
        if (found.length >= limit) contiguous = false
        if (contiguous) mark = key
      }
      if (rows.length < page) break
    }
    if (!peek) await this.#keepDelivered(reader, mark, found.map(({ message }) => `${reader.id}\0${message.id}`))
    return found.map((row) => this.show(row))
  }

  /** The mark moves first: an older message that arrives meanwhile takes it back again. */
  async #keepDelivered(reader: InboxReader, mark: string, keys: readonly string[]): Promise<void> {
    this.#marks.set(reader.id, mark)
    if (keys.length === 0) return
    for (const key of keys) this.#handing.add(key)
    try {
      await this.#replica.note(keys.map((key) => ({ table: 'delivered', key, value: empty })))
    } catch (error) {
      this.#marks.delete(reader.id)
      throw error
    } finally {
      for (const key of keys) this.#handing.delete(key)
    }
  }

  /** Calls back for each message that arrives for this reader. */
  watch(reader: InboxReader, on: (message: Message) => void): Disposable {
    if (reader.session !== undefined) this.#since(reader.session)
    const arrived = (id: string): void => {
      const row = readMessage(this.#replica.store, id)
      if (row && this.#isFor(row, reader)) on(this.show(row))
    }
    this.#arrivals.add(arrived)
    return { [Symbol.dispose]: () => void this.#arrivals.delete(arrived) }
  }

  find(id: string): MessageRow | undefined {
    return readMessage(this.#replica.store, id)
  }

  show({ message, device, clock }: MessageRow): Message {
    const member = this.#replica.membership.memberOf(device)
    const mode = this.#mode()
    return {
      id: message.id,
      from: message.session === '' ? this.#names.device(device) : message.session,
      from_member: this.#names.device(device),
      from_confirmed: member !== undefined && this.#isConfirmed(member),
      to: message.targets.map((target) => (target.type === 'all' ? '*' : target.type === 'member' ? this.#names.member(target.member) : target.session)).join(', '),
      text: message.text,
      priority: message.priority,
      reply_to: message.replyTo ?? null,
      unasked: message.priority !== 'low' && (mode === 'everyone' || (mode === 'mentions' && message.targets.some(({ type }) => type !== 'all'))),
      at: clock.ms,
      mesh_name: this.#names.mesh(),
    }
  }

  /** How far a message of ours has come with each device it is for; `held` says what a device is known to hold of a log. */
  progress(row: MessageRow, held: (device: DeviceId, log: LogId) => number): { device: DeviceId; state: ReceiptState }[] {
    return this.#recipientsOf(row).filter((device) => device !== this.#replica.identity.device).map((device) => {
      const reached = receiptMark(this.#replica.store, row.log, device, 'reached') >= row.seq
      return { device, state: reached ? 'reached' : held(device, row.log) >= row.seq ? 'stored' : 'pending' }
    })
  }

  /** Devices that targets mean as of now. */
  recipients(targets: readonly Target[]): DeviceId[] {
    const view = this.#replica.membership.now()
    const found = new Set<DeviceId>()
    for (const target of targets) {
      if (target.type === 'session') found.add(target.device)
      else for (const state of view.devices()) if ((target.type === 'all' && readers.has(state.role)) || (target.type === 'member' && state.member === target.member)) found.add(state.device)
    }
    return [...found]
  }

  /** Devices that a message was for when it was sent; a broadcast is for whoever can read it now. */
  #recipientsOf(row: MessageRow): readonly DeviceId[] {
    const { targets } = row.message
    if (targets.some(({ type }) => type === 'all')) return this.recipients(targets)
    const { membership } = this.#replica
    const meant = (device: DeviceId): boolean => targets.some((target) => (target.type === 'session' ? target.device === device : target.type === 'member' && membership.memberOf(device) === target.member))
    return audienceOf(this.#replica, row).filter(meant)
  }

  #audience(targets: readonly Target[]): 'all' | readonly DeviceId[] {
    if (targets.some(({ type }) => type === 'all')) return 'all'
    const own = this.#replica.membership.memberOf(this.#replica.identity.device)
    return this.recipients(own ? [...targets, { type: 'member', member: own }] : targets)
  }

  #isFor(row: MessageRow, reader: InboxReader): boolean {
    const { device } = this.#replica.identity
    if (row.device === device && row.message.session === (reader.session ?? '')) return false
    const own = this.#replica.membership.memberOf(device)
    return row.message.targets.some((target) => {
      if (!this.#grants.allowsDevice(target.type === 'all' ? 'broadcast' : 'message', row.device)) return false
      if (target.type === 'session') return target.device === device && target.session === reader.session
      if (reader.session === undefined) return target.type === 'all' || target.member === own
      // A session is shown what came since it first attached; mail to its member also when nobody has read it yet.
      if (row.clock.ms >= this.#since(reader.session)) return target.type === 'all' || target.member === own
      return target.type === 'member' && target.member === own && this.#replica.store.get('delivered', `${anybody}\0${row.message.id}`) === undefined
    })
  }

  /** When a session first read here, kept so that one that closes and resumes gets what it missed, once. */
  #since(session: string): number {
    const known = this.#firstSeen.get(session)
    if (known !== undefined) return known
    const stored = this.#replica.store.get('delivered', `since\0${session}`)
    const since = stored ? Number(new TextDecoder().decode(stored)) : this.#runtime.clock.now()
    this.#firstSeen.set(session, since)
    if (!stored) this.#replica.note([{ table: 'delivered', key: `since\0${session}`, value: new TextEncoder().encode(String(since)) }]).catch(() => {
      // Not kept: after a restart the session is taken for a new one, which is shown less and never anything twice.
    })
    return since
  }

  #committed({ events, membership }: Committed): void {
    // A key may have come: what could not be said before may be true now.
    if (membership && this.#owed.size > 0) this.#answerSoon()
    for (const { id, origin } of events.messages) {
      // One that is older than what was delivered already must still be found.
      const key = messageKey(origin.clock, id)
      for (const [reader, mark] of this.#marks) if (key <= mark) this.#marks.set(reader, `${key.slice(0, -1)}`)
      if (origin.device !== this.#replica.identity.device) this.#owe(origin.log, origin.device, origin.seq)
      for (const arrived of [...this.#arrivals]) arrived(id)
    }
  }

  #owe(log: LogId, device: DeviceId, seq: number): void {
    if (seq > (this.#owed.get(log)?.seq ?? 0)) this.#owed.set(log, { device, seq })
    this.#answerSoon()
  }

  #answerSoon(): void {
    const pause = receiptsEveryMsPerPeer * this.#replica.membership.now().devices().length
    const due = this.#answeredAt + pause - this.#runtime.timers.elapsed()
    this.#receipts ??= this.#runtime.timers.after(Math.max(receiptsAfterMs, due), () => this.#answer())
  }

  /** One entry with a receipt for every sender. */
  #answer(): void {
    this.#receipts = undefined
    if (!this.#replica.mayRead()) return this.#answerSoon()
    const bySender = new Map<DeviceId, { log: LogId; seq: number }[]>()
    for (const [log, { device, seq: newest }] of this.#owed) {
      if (!this.#answers(device)) {
        this.#owed.delete(log)
        continue
      }
      // A receipt speaks for everything below it: it ends before the first entry that could not be opened yet.
      const seq = Math.min(newest, this.#replica.ledger.openedUpTo(log))
      if (seq === newest) this.#owed.delete(log)
      if (seq > receiptMark(this.#replica.store, log, this.#replica.identity.device, 'reached')) bySender.set(device, [...(bySender.get(device) ?? []), { log, seq }])
    }
    const admitted = [...bySender].filter(([device]) => this.#replica.membership.now().device(device))
    if (admitted.length === 0) return
    this.#answeredAt = this.#runtime.timers.elapsed()
    const writes = admitted.map(([device, logs]) => ({ type: 'receipt' as const, receipt: { state: 'reached' as const, logs }, audience: [device] }))
    this.#replica.write(writes).catch(() => {
      // Not durable, so not said: owed again with the next start, or the next message of that sender.
    })
  }

  /** A receipt speaks for all that a log holds, so who may not write to us in every way gets none. */
  #answers(device: DeviceId): boolean {
    return this.#grants.allowsDevice('message', device) && this.#grants.allowsDevice('broadcast', device)
  }

  /** Receipts that were owed when the node last stopped, or that nobody was to get until now. */
  #owePast(): void {
    const { store, identity } = this.#replica
    for (const [, stored] of store.scan('message', { limit: page, reverse: true })) {
      const row = parseMessage(stored)
      if (row && row.device !== identity.device && receiptMark(store, row.log, identity.device, 'reached') < row.seq) this.#owe(row.log, row.device, row.seq)
    }
  }
}
