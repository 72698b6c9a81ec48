/**
 * Whom this device's member lets do what with it, the same on all devices of the member (crdt/docs/grants.ts). Read once
 * and kept until something may have changed; while the store cannot be read, what was known last counts.
 */
import { decided, everyone, grantKey, grantsDoc, grantsOf, parseGrantKey, type Decidable, type Grantable, type Subject } from '../../../crdt/docs/grants.ts'
import { deletePayload, kinds, setPayload, type Change } from '../../../crdt/docs/change.ts'
import { decodeRow, readRegister, registerKey, type Version } from '../../../crdt/docs/registers.ts'
import { recipientsOf } from '../../../crdt/docs/sealed.ts'
import { writers, type Role } from '../../../crdt/members/roles.ts'
import { decode } from '../../../crdt/wire/codec.ts'
import type { DeviceId, MemberId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Committed, Replica } from '../replica/replica.ts'
import { allRows } from '../replica/rows.ts'
import { sealedChanges } from '../replica/sealed-changes.ts'

export interface Decision {
  readonly subject: Subject
  readonly what: Decidable
  /** Undefined takes back what was decided. */
  readonly allow: boolean | undefined
}

export class Grants {
  readonly #replica: Replica
  readonly #listening: Disposable
  readonly #changed = new Set<() => void>()
  /** What was decided, by subject and what it is about. */
  #decided: ReadonlyMap<string, boolean> = new Map()
  #blocksAny = false

  constructor(replica: Replica) {
    this.#replica = replica
    this.#read()
    this.#listening = replica.onCommit((committed) => {
      if (this.#mayTouch(committed) && this.#read()) for (const call of [...this.#changed]) call()
    })
  }

  get blocksAny(): boolean {
    return this.#blocksAny
  }

  /** Calls back when something was decided otherwise than before, here or on another device of the member. */
  onChange(call: () => void): void {
    this.#changed.add(call)
  }

  stop(): void {
    this.#listening[Symbol.dispose]()
    this.#changed.clear()
  }

  /** Whether a member may do something with ours. */
  allows(what: Grantable, member: MemberId, role: Role): boolean {
    if (member === this.#self) return true
    if (this.isBlocked(member)) return false
    return this.said(member, what) ?? this.said(everyone, what) ?? byRole(what, role)
  }

  /** The same of the member that a device belongs to; of a device that is nobody's: no. */
  allowsDevice(what: Grantable, device: DeviceId): boolean {
    const { membership } = this.#replica
    const member = membership.memberOf(device)
    const role = membership.now().device(device)?.role ?? (member && membership.now().member(member)?.role)
    return member !== undefined && role !== undefined && this.allows(what, member, role)
  }

  isBlocked(member: MemberId): boolean {
    return this.said(member, 'block') === true && member !== this.#self
  }

  /** Whether a device is one of a blocked member, also of one that has left. */
  blocks(device: DeviceId): boolean {
    const member = this.#blocksAny ? this.#replica.membership.memberOf(device) : undefined
    return member !== undefined && this.isBlocked(member)
  }

  /** What was decided about somebody by name. */
  said(subject: Subject, what: Decidable): boolean | undefined {
    return this.#decided.get(`${subject}/${what}`)
  }

  /** Decides; resolves when it is durable. Throws grants_full over the limit. */
  async decide(decisions: readonly Decision[]): Promise<void> {
    const self = this.#requireSelf()
    const after = new Set(this.#decided.keys())
    for (const { subject, what, allow } of decisions) if (allow !== undefined) after.add(`${subject}/${what}`)
    if (after.size > this.#decided.size && after.size > limits.grantsPerMember) throw new AtollError('grants_full', { count: this.#decided.size, limit: limits.grantsPerMember })
    const news = decisions.filter(({ subject, what, allow }) => this.said(subject, what) !== allow || this.#versions(self, subject, what).length > 1)
    await this.#write(self, news)
  }

  /** What devices of the member that came later cannot open is sealed anew, to all there are now. */
  async reseal(): Promise<void> {
    const self = this.#self
    const view = this.#replica.membership.now()
    if (self === undefined || !view.device(this.#replica.identity.device) || !this.#replica.mayRead()) return
    const devices = this.#devices(self)
    const lacking = [...this.#rows(self)].flatMap(([key, versions]): Decision[] => {
      const parsed = parseGrantKey(key)
      const known = versions.every(({ entry }) => devices.every((device) => this.#recipients(entry, key).has(device)))
      return parsed && !known ? [{ ...parsed, allow: decided(parsed.what, versions) }] : []
    })
    await this.#write(self, lacking)
  }

  async #write(self: MemberId, decisions: readonly Decision[]): Promise<void> {
    if (decisions.length === 0) return
    const audience = this.#devices(self)
    await this.#replica.write(decisions.map(({ subject, what, allow }) => ({ type: 'private' as const, doc: grantsDoc, key: grantKey(self, subject, what), value: allow === undefined ? undefined : String(allow), audience })))
  }

  #devices(self: MemberId): readonly DeviceId[] {
    const view = this.#replica.membership.now()
    return (view.member(self)?.devices ?? []).filter((device) => view.sealingKey(device) !== undefined)
  }

  /** Whom the change of a key in an entry was sealed for. */
  #recipients(entry: Version['entry'], key: string): ReadonlySet<DeviceId> {
    const envelope = sealedChanges(this.#replica, entry).find(({ inner }) => inner.some((change) => change.doc === grantsDoc && keyOf(change) === key))?.envelope
    return new Set(envelope ? recipientsOf(envelope.payload) : [])
  }

  /** @returns whether anything is otherwise than before */
  #read(): boolean {
    const self = this.#self
    if (self === undefined || !this.#replica.mayRead()) return false
    const found = new Map<string, boolean>()
    for (const [key, versions] of this.#rows(self)) {
      const parsed = parseGrantKey(key)
      const value = parsed && decided(parsed.what, versions)
      if (parsed && value !== undefined) found.set(`${parsed.subject}/${parsed.what}`, value)
    }
    const same = found.size === this.#decided.size && [...found].every(([key, value]) => this.#decided.get(key) === value)
    this.#decided = found
    this.#blocksAny = [...found].some(([key, value]) => value && key.endsWith('/block'))
    return !same
  }

  *#rows(self: MemberId): Iterable<readonly [string, readonly Version[]]> {
    const prefix = registerKey(grantsDoc, grantsOf(self))
    for (const [key, stored] of allRows(this.#replica.store, 'register', prefix)) yield [key.slice(grantsDoc.length + 1), decodeRow(stored)]
  }

  #versions(self: MemberId, subject: Subject, what: Decidable): readonly Version[] {
    return readRegister(this.#replica.store, grantsDoc, grantKey(self, subject, what))
  }

  /** Concurrent values make no event of a register where another stays on top, so entries of the member's devices all count. */
  #mayTouch({ entries, membership, events, rebuilt }: Committed): boolean {
    if (membership || rebuilt || events.registers.some(({ doc }) => doc === grantsDoc)) return true
    const { membership: known } = this.#replica
    return entries.some(({ log, own }) => {
      const author = own ? undefined : this.#replica.log(log)?.device
      return author !== undefined && known.memberOf(author) === this.#self
    })
  }

  get #self(): MemberId | undefined {
    return this.#replica.membership.memberOf(this.#replica.identity.device)
  }

  #requireSelf(): MemberId {
    const state = this.#replica.membership.now().device(this.#replica.identity.device)
    if (!state) throw new AtollError('removed', { at: 'an earlier day' })
    return state.member
  }
}

function keyOf({ kind, payload }: Change): string | undefined {
  const register = decode(kind === kinds.set ? setPayload : deletePayload, payload)
  return register.ok ? register.value.key : undefined
}

/**
 * Where nothing was decided. A mesh is of people who were asked to work together, and an agent that does not see where
 * others work is of little use to them; guests were asked to look on. What runs or reads on this machine is asked for.
 */
export function byRole(what: Grantable, role: Role): boolean {
  if (what === 'machine' || what === 'directory') return writers.has(role)
  return what === 'message' || what === 'broadcast'
}
