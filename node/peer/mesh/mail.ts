/** Messages of one mesh: sending, the inbox of each reader, receipts. */
import { messagePayload, type Target } from '../../../crdt/docs/change.ts'
import { idOfInboxKey, inboxKey, readMessage, receiptMark, type MessageRow } from '../../../crdt/docs/messages.ts'
import { readers } from '../../../crdt/members/roles.ts'
import type { TypeOf } from '../../../crdt/wire/codec.ts'
import { toHex, type DeviceId, type LogId } from '../../../crdt/wire/ids.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { Message, Priority, ReceiptState } from '../../ports/services.ts'
import type { Committed, Replica } from '../replica/replica.ts'
import type { Names } from './names.ts'

const receiptsEveryMs = 1_000
const page = 500
const empty = new Uint8Array()

/** Who reads an inbox: an agent's session, or the person at the command line. */
export interface InboxReader {
  readonly id: string
  readonly session: string | undefined
  /** Broadcasts from before it came are not shown to a session. */
  readonly since: number
}

export class Mail {
  readonly #replica: Replica
  readonly #names: Names
  readonly #runtime: Runtime
  readonly #listening: Disposable
  readonly #arrivals = new Set<(id: string) => void>()
  /** The newest seq of each foreign log that a receipt is owed for. */
  readonly #owed = new Map<LogId, { device: DeviceId; seq: number }>()
  #receipts: Disposable | undefined
  /** Below this key everything was delivered to a reader. */
  readonly #marks = new Map<string, string>()

  constructor(replica: Replica, names: Names, runtime: Runtime) {
    this.#replica = replica
    this.#names = names
    this.#runtime = runtime
    this.#listening = replica.onCommit((committed) => this.#committed(committed))
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
    const id = this.#runtime.random.bytes(16)
    const message: TypeOf<typeof messagePayload> = { id: toHex(id), session: input.session, targets: input.targets, priority: input.priority, replyTo: input.replyTo, text: input.text }
    await this.#replica.write([{ type: 'message', message, audience: this.#audience(input.targets) }])
    if (input.key !== undefined) await this.#replica.note([{ table: 'sent', key: `key\0${input.key}`, value: id }])
    return readMessage(this.#replica.store, message.id) as MessageRow
  }

  /** What has not been delivered to this reader, oldest first; unless peeking, it counts as delivered afterwards. */
  async drain(reader: InboxReader, limit: number, peek: boolean): Promise<readonly Message[]> {
    const found: MessageRow[] = []
    const { store } = this.#replica
    let mark = this.#marks.get(reader.id) ?? ''
    let contiguous = true
    for (let after = mark; found.length < limit; ) {
      const keys = store.scan('inbox', { after, limit: page })
      for (const [key] of keys) {
        after = key
        const id = idOfInboxKey(key)
        const row = found.length < limit && !store.get('delivered', `${reader.id}\0${id}`) ? readMessage(store, id) : undefined
        if (row && this.#isFor(row, reader)) found.push(row)
        if (found.length >= limit) contiguous = false
        if (contiguous) mark = key
      }
      if (keys.length < page) break
    }
    if (!peek && found.length > 0) await this.#replica.note(found.map(({ message }) => ({ table: 'delivered', key: `${reader.id}\0${message.id}`, value: empty })))
    if (!peek) this.#marks.set(reader.id, mark)
    return found.map((row) => this.show(row))
  }

  /** Calls back for each message that arrives for this reader. */
  watch(reader: InboxReader, on: (message: Message) => void): Disposable {
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
    return {
      id: message.id,
      from: message.session === '' ? this.#names.device(device) : message.session,
      from_member: this.#names.device(device),
      to: message.targets.map((target) => (target.type === 'all' ? '*' : target.type === 'member' ? this.#names.member(target.member) : target.session)).join(', '),
      text: message.text,
      priority: message.priority,
      reply_to: message.replyTo ?? null,
      at: clock.ms,
      mesh_name: this.#names.mesh(),
    }
  }

  /** How far a message of ours has come with each device it is for; `held` says what a device is known to hold of a log. */
  progress(row: MessageRow, held: (device: DeviceId, log: LogId) => number): { device: DeviceId; state: ReceiptState }[] {
    return this.recipients(row.message.targets).filter((device) => device !== this.#replica.identity.device).map((device) => {
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
      if (target.type === 'session') return target.device === device && target.session === reader.session
      return target.type === 'all' ? row.clock.ms >= reader.since : target.member === own
    })
  }

  #committed({ events }: Committed): void {
    for (const { id, origin } of events.messages) {
      // One that is older than what was delivered already must still be found.
      const key = inboxKey(origin.clock, id)
      for (const [reader, mark] of this.#marks) if (key <= mark) this.#marks.set(reader, `${key.slice(0, -1)}`)
      if (origin.device !== this.#replica.identity.device) this.#owe(origin.log, origin.device, origin.seq)
      for (const arrived of [...this.#arrivals]) arrived(id)
    }
  }

  #owe(log: LogId, device: DeviceId, seq: number): void {
    if (seq > (this.#owed.get(log)?.seq ?? 0)) this.#owed.set(log, { device, seq })
    this.#receipts ??= this.#runtime.timers.after(receiptsEveryMs, () => this.#answer())
  }

  /** One entry with a receipt for every sender, at most once a second. */
  #answer(): void {
    this.#receipts = undefined
    const bySender = new Map<DeviceId, { log: LogId; seq: number }[]>()
    for (const [log, { device, seq }] of this.#owed) bySender.set(device, [...(bySender.get(device) ?? []), { log, seq }])
    this.#owed.clear()
    const admitted = [...bySender].filter(([device]) => this.#replica.membership.now().device(device))
    if (admitted.length === 0) return
    const writes = admitted.map(([device, logs]) => ({ type: 'receipt' as const, receipt: { state: 'reached' as const, logs }, audience: [device] }))
    this.#replica.write(writes).catch(() => {
      // Not durable, so not said: owed again with the next start, or the next message of that sender.
    })
  }

  /** Receipts that were owed when the node last stopped. */
  #owePast(): void {
    const { store, identity } = this.#replica
    for (const [key] of store.scan('inbox', { limit: page, reverse: true })) {
      const row = readMessage(store, idOfInboxKey(key))
      if (row && row.device !== identity.device && receiptMark(store, row.log, identity.device, 'reached') < row.seq) this.#owe(row.log, row.device, row.seq)
    }
  }
}
