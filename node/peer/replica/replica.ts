/**
 * One mesh on one device: takes writes and received runs, commits them in groups, folds them, and tells whoever
 * listens only what is durable (rule D1). Everything that changes anything goes through one queue.
 */
import { noMesh, type Verify } from '../../../crdt/crypto/sign.ts'
import { HybridClock } from '../../../crdt/log/clock.ts'
import { readEntry, verifyEntry } from '../../../crdt/log/entry.ts'
import type { Membership } from '../../../crdt/members/membership.ts'
import type { MemberOp } from '../../../crdt/members/ops.ts'
import type { TableName } from '../../../crdt/docs/tables.ts'
import type { DeviceId, EntryId, LogId, MeshId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Log } from '../../ports/log.ts'
import type { Runtime } from '../../ports/runtime.ts'
import { storageError } from '../../ports/storage-error.ts'
import { StoreError, type MeshStore } from '../../ports/store.ts'
import { KnownTables, Staging } from '../staging.ts'
import type { MakeOp } from './own-op.ts'
import { Author, type WriteSpec, type Written } from './author.ts'
import { noEvents, type FoldEvents } from './folder.ts'
import type { Witness } from '../../ports/witness.ts'
import type { Identity } from './identity.ts'
import { takeRun, type Intake } from './intake.ts'
import { checkBounds } from './bounds.ts'
import { checkPermitted, mayRotate } from './permitted.ts'
import { Ledger } from './ledger.ts'
import { readAround, readRun } from './read-run.ts'
import type { LogState } from './logs.ts'
import { markFolded, rebuild, rebuildDue } from './rebuild.ts'

export interface ReplicaNeeds {
  readonly mesh: MeshId
  readonly identity: Identity
  readonly store: MeshStore
  readonly runtime: Runtime
  readonly verify: Verify
  readonly witness: Witness
  readonly log: Log
}

/** What a commit made durable. */
export interface Committed {
  readonly entries: readonly { readonly log: LogId; readonly seq: number; readonly id: EntryId; readonly own: boolean; readonly bytes: Uint8Array }[]
  readonly membership: boolean
  readonly events: FoldEvents
  /** All content was folded anew: what was read before may not stand. */
  readonly rebuilt: boolean
}

/** A row for this device alone; `undefined` deletes it. */
export interface NoteRow {
  readonly table: TableName
  readonly key: string
  readonly value: Uint8Array | undefined
}

type Stage = (staging: Staging, events: FoldEvents) => void

/** One thing to do in the next commit. Writes that queue one after another share entries; anything else is staged by itself. */
interface Item {
  readonly work: { readonly type: 'write'; readonly specs: readonly WriteSpec[]; written: readonly Written[] } | { readonly type: 'stage'; readonly stage: Stage }
  done(): void
  failed(error: unknown): void
}

/** How much one commit may hold before the rest waits for the next: keeps turns short. */
const itemsPerCommit = 4096
const bytesPerCommit = 4 * 1024 * 1024
/** How long a writer waits for somebody else to start an epoch before doing it itself (rule T6). */
const rotationPatienceMs = 2000

export class Replica {
  readonly mesh: MeshId
  readonly identity: Identity
  readonly ledger: Ledger
  readonly #needs: ReplicaNeeds
  readonly #clock: HybridClock
  readonly #author: Author
  readonly #queue: Item[] = []
  readonly #listeners = new Set<(committed: Committed) => void>()
  readonly #losing = new Set<() => void>()
  readonly #known = new KnownTables()
  #scheduled = false
  #closed = false
  #storage: 'ok' | 'full' | 'readonly' | 'failed' = 'ok'
  #waitingForEpoch: Disposable | undefined

  constructor(needs: ReplicaNeeds) {
    this.#needs = needs
    this.mesh = needs.mesh
    this.identity = needs.identity
    this.#clock = new HybridClock(() => needs.runtime.clock.now())
    this.ledger = new Ledger({ ...needs, clock: this.#clock })
    this.#author = new Author({ ...needs, ledger: this.ledger, clock: this.#clock, random: needs.runtime.random })
    this.#load()
    this.#author.resume(needs.witness.take(needs.mesh))
  }

  get membership(): Membership {
    return this.ledger.membership
  }

  get storage(): 'ok' | 'full' | 'readonly' | 'failed' {
    return this.#storage
  }

  get store(): MeshStore {
    return this.#needs.store
  }

  /** What is held of each log, durably; nothing while the store cannot be read, for then nobody knows. */
  logs(): Iterable<LogState> {
    return this.#reopened ? this.ledger.logs.values() : []
  }

  log(log: LogId): LogState | undefined {
    return this.#reopened ? this.ledger.logs.get(log) : undefined
  }

  onCommit(call: (committed: Committed) => void): Disposable {
    this.#listeners.add(call)
    return { [Symbol.dispose]: () => void this.#listeners.delete(call) }
  }

  /** Calls back when peers may have been told of entries that are not there: a damaged store was set aside, or a failed one cannot be read. */
  onLoss(call: () => void): Disposable {
    this.#losing.add(call)
    return { [Symbol.dispose]: () => void this.#losing.delete(call) }
  }

  /** Writes changes; resolves when they are durable. */
  async write(specs: readonly WriteSpec[]): Promise<readonly Written[]> {
    for (const spec of specs) checkBounds(spec)
    const work = { type: 'write' as const, specs, written: [] as readonly Written[] }
    await this.#enqueue(work)
    return work.written
  }

  /** Writes each group as an entry of its own, all in one commit: for imports, and to measure what entries cost. */
  async writeEntries(groups: readonly (readonly WriteSpec[])[]): Promise<void> {
    for (const group of groups) for (const spec of group) checkBounds(spec)
    await this.#stage((staging, events) => {
      checkPermitted(groups.flat(), this.membership.now(), this.identity.device)
      for (const group of groups) this.#author.write(group, staging, events)
    })
  }

  /**
   * Appends membership operations, made from the membership as it is then; resolves with their ids when durable.
   * `rotate` starts a new epoch in the same commit, where it is or says true then.
   */
  async operate(make: () => readonly (MemberOp | MakeOp)[], options: { readonly rotate?: boolean | (() => boolean) } = {}): Promise<readonly EntryId[]> {
    const ids: EntryId[] = []
    await this.#stage((staging, events) => {
      ids.length = 0 // staged anew where something else spoiled the commit
      for (const op of make()) ids.push(this.#author.operate(op, staging, events).id)
      if (typeof options.rotate === 'function' ? options.rotate() : options.rotate) this.#author.rotate(this.grant(), staging, events)
    })
    return ids
  }

  /** Takes a run of entries from a peer; resolves when what was placed is durable. */
  async receive(run: readonly Uint8Array[]): Promise<Intake> {
    let intake: Intake | undefined
    await this.#stage((staging, events) => {
      intake = takeRun(run, { ...this.#needs, ledger: this.ledger }, staging, events)
      const log = intake.log
      if (log !== undefined && intake.placed > 0 && this.#author.isOwn(log)) this.#author.retire(log)
    })
    return intake as Intake
  }

  /** Writes rows of this device alone (what was delivered, what was sent); a function is asked for them when its turn comes. */
  async note(rows: readonly NoteRow[] | (() => readonly NoteRow[])): Promise<void> {
    await this.#stage((staging) => {
      for (const { table, key, value } of typeof rows === 'function' ? rows() : rows) staging.put(table, key, value)
    })
  }

  /** A peer holds more of a log of ours than we do: this profile is older than its device (rule D4). */
  disown(log: LogId): void {
    if (!this.#author.isOwn(log)) return
    this.#needs.log.warn('own_log_is_longer_elsewhere', { log })
    this.#author.retire(log)
  }

  /** The grant this device names in its next operation. Throws `removed` when it has none. */
  grant(): EntryId {
    const state = this.membership.now().device(this.identity.device)
    if (!state) throw new AtollError('removed', { at: 'an earlier day' })
    return state.grant
  }

  /**
   * Entries of a log after a seq as one run that a peer can verify: it ends with an entry whose signature was checked
   * here. Empty when there is none.
   */
  readRun(log: LogId, after: number, maxBytes: number): readonly Uint8Array[] {
    if (!this.mayRead()) return []
    return readRun(this.store, log, after, maxBytes, (bytes) => this.#vouches(bytes))
  }

  /** A run that holds an entry, in its log or in a branch of it. Empty when it is not here. */
  readAround(id: EntryId, maxBytes: number): readonly Uint8Array[] {
    return this.mayRead() ? readAround(this.store, this.ledger.branches, id, maxBytes, (bytes) => this.#vouches(bytes)) : []
  }

  #vouches(bytes: Uint8Array): boolean {
    const read = readEntry(bytes)
    return read.ok && verifyEntry(read.entry.id === this.mesh ? noMesh : this.mesh, read.entry, this.#needs.verify)
  }

  /** Drops every projection and folds all content again (rule D3). */
  async rebuild(): Promise<void> {
    await this.#stage(() => undefined)
    this.#rebuildNow()
  }

  /** Commits what is queued, leaves the proof of where the logs end, closes the store. */
  async close(): Promise<void> {
    if (this.#closed) return
    if (this.#queue.length > 0) await this.#stage(() => undefined).catch((error: unknown) => this.#needs.log.warn('last_commit_failed', { why: String(error) }))
    this.#closed = true
    this.#waitingForEpoch?.[Symbol.dispose]()
    for (const item of this.#parked.splice(0)) item.failed(new AtollError('node_unreachable', { why: 'it is stopping' }))
    if (this.#storage === 'ok') this.#needs.witness.leave(this.mesh, this.#author.ends())
    this.#needs.store.close()
  }

  #stage(stage: Stage): Promise<void> {
    return this.#enqueue({ type: 'stage', stage })
  }

  #enqueue(work: Item['work']): Promise<void> {
    if (this.#closed) return Promise.reject(new AtollError('node_unreachable', { why: 'it is stopping' }))
    return new Promise((resolve, reject) => {
      this.#queue.push({ work, done: resolve, failed: reject })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#needs.runtime.timers.soon(() => {
      this.#scheduled = false
      this.#commit()
      if (this.#queue.length > 0) this.#schedule()
    })
  }

  /** One commit: everything that queued while the last one ran (rule D1). */
  #commit(): void {
    if (this.#closed || !this.#usable()) return
    const staging = new Staging(this.#needs.store, this.#known)
    const events = noEvents()
    const staged: Item[] = []
    for (let bytes = 0, at = 0; this.#queue.length > 0 && staged.length < itemsPerCommit && bytes < bytesPerCommit; ) {
      const next = this.#stageNext(staging, events)
      if (next === 'spoiled') return this.#startOver(staged)
      staged.push(...next)
      for (; at < staging.entries.length; at++) bytes += (staging.entries[at] as { bytes: Uint8Array }).bytes.length
    }
    try {
      staging.commit()
    } catch (error) {
      this.#attempted = { staging, events }
      this.#commitFailed(error, staged)
      return
    }
    this.#storage = 'ok'
    this.ledger.settled()
    this.#afterCommit(staging, events)
    for (const item of staged) item.done()
  }

  /** Stages what stands first in the queue. @returns the items that will be done with the commit; 'spoiled' when one was left half staged */
  #stageNext(staging: Staging, events: FoldEvents): readonly Item[] | 'spoiled' {
    const first = this.#queue.shift() as Item
    const items = [first]
    const before = staging.changes
    try {
      if (first.work.type === 'stage') first.work.stage(staging, events)
      else {
        while (items.length < itemsPerCommit && this.#queue[0]?.work.type === 'write') items.push(this.#queue.shift() as Item)
        this.#stageWrites(items, staging, events)
      }
      return items.filter((item) => !this.#parked.includes(item))
    } catch (error) {
      for (const item of items) item.failed(error instanceof StoreError ? storageError(error) : error)
      return staging.changes === before ? [] : 'spoiled'
    }
  }

  /** Half of something must not become durable: what was staged beside it is staged again, without it. */
  #startOver(staged: readonly Item[]): void {
    this.#queue.unshift(...staged)
    this.#author.retire()
    this.#reopen()
  }

  #stageWrites(items: Item[], staging: Staging, events: FoldEvents): void {
    const specsOf = (item: Item): readonly WriteSpec[] => (item.work.type === 'write' ? item.work.specs : [])
    for (const item of items.splice(0)) if (this.#isAllowed(item, specsOf(item))) items.push(item)
    if (items.length === 0) return
    if (!this.#author.epoch()) {
      // A guest starts no epoch: it waits until a writer has.
      if (!this.#patienceIsOver || !mayRotate(this.membership.now(), this.identity.device)) {
        this.#parked.push(...items)
        this.#waitForEpoch()
        return
      }
      this.#patienceIsOver = false
      this.#author.rotate(this.grant(), staging, events)
    }
    const written = this.#author.write(items.flatMap(specsOf), staging, events)
    let at = 0
    for (const { work } of items) if (work.type === 'write') work.written = written.slice(at, (at += work.specs.length))
  }

  #afterCommit(staging: Staging, events: FoldEvents): void {
    const rebuilt = this.ledger.restand()
    if (rebuilt) this.#rebuildNow()
    if (this.#parked.length > 0 && this.#author.epoch()) this.#unpark()
    const own = (device: DeviceId): boolean => device === this.identity.device
    const committed: Committed = {
      entries: staging.entries.map(({ log, seq, id, device, bytes }) => ({ log, seq, id, own: own(device), bytes })),
      membership: staging.entries.some(({ type }) => type === 'membership'),
      events,
      rebuilt,
    }
    for (const listener of this.#listeners) listener(committed)
  }

  /** Nothing of it is durable as far as we know: the store is read again, and our logs are not continued (rules D2, D4). */
  #commitFailed(error: unknown, staged: readonly Item[]): void {
    const problem = error instanceof StoreError ? error.problem : 'io'
    this.#storage = problem === 'full' ? 'full' : problem === 'readonly' ? 'readonly' : 'failed'
    this.#needs.log.error('commit_failed', { problem, why: String(error) })
    this.#author.retire()
    const refusal = storageError(error)
    this.#reopen()
    for (const item of staged) item.failed(refusal)
  }

  /** Whether the store answers: not while a disk that failed cannot be read again. Tries to; damage that was met is set aside. */
  mayRead(): boolean {
    if (this.#closed) return false
    if (!this.#needs.store.isDamaged) return this.#reopened || this.#reopen()
    // Where our logs end is not known any more (rule D4).
    this.#author.retire()
    return this.#reopen()
  }

  /** Opens the store again after a failure; what is queued meanwhile fails with why. */
  #usable(): boolean {
    if (this.mayRead()) return true
    const refusal = new AtollError(this.#storage === 'full' ? 'storage_full' : 'storage_failed', { why: this.#storage })
    for (const item of this.#queue.splice(0)) item.failed(refusal)
    return false
  }

  #reopened = true
  /** What the last failed commit tried to do. */
  #attempted: { readonly staging: Staging; readonly events: FoldEvents } | undefined

  #reopen(): boolean {
    this.#reopened = false
    const { store } = this.#needs
    const known = store.damage
    try {
      store.reopen()
      this.#load()
      this.#reopened = true
      if (store.damage !== known) this.#lost()
      this.#learnOutcome()
    } catch (error) {
      this.#needs.log.error('reopen_failed', { why: String(error) })
      // What is in memory was never durable (rule D1): sessions that have heard of it begin anew.
      for (const call of this.#losing) call()
    }
    return this.#reopened
  }

  #lost(): void {
    this.#needs.log.error('store_damaged', { ...this.#needs.store.damage })
    for (const call of this.#losing) call()
  }

  /** A disk may fail at the last moment and have kept everything: then peers and readers must hear of it all the same. */
  #learnOutcome(): void {
    const attempted = this.#attempted
    this.#attempted = undefined
    if (attempted?.staging.entries.some(({ id }) => this.#needs.store.has(id))) this.#afterCommit(attempted.staging, attempted.events)
  }

  #load(): void {
    this.#known.forget()
    const anew = rebuildDue(this.#needs.store)
    this.ledger.load(anew)
    if (anew) rebuild(this.#needs.store, this.ledger, this.#needs.log)
    else if (this.#needs.store.logs().length === 0) {
      const fresh = new Staging(this.#needs.store)
      markFolded(fresh)
      fresh.commit()
    }
  }

  #rebuildNow(): void {
    this.#known.forget()
    try {
      rebuild(this.#needs.store, this.ledger, this.#needs.log)
    } catch (error) {
      // The projections are marked as unfinished: they are folded again when the store opens next.
      this.#commitFailed(error, [])
    }
  }

  /** Refuses a write that is not permitted by itself: what was asked for beside it is another's. */
  #isAllowed(item: Item, specs: readonly WriteSpec[]): boolean {
    try {
      checkPermitted(specs, this.membership.now(), this.identity.device)
      return true
    } catch (error) {
      item.failed(error)
      return false
    }
  }

  /** Writes that wait until somebody, or after a while this node, has started an epoch to write under. */
  readonly #parked: Item[] = []
  #patienceIsOver = false

  #waitForEpoch(): void {
    this.#patienceIsOver = false
    this.#waitingForEpoch ??= this.#needs.runtime.timers.after(rotationPatienceMs, () => {
      this.#patienceIsOver = true
      this.#unpark()
    })
  }

  #unpark(): void {
    this.#waitingForEpoch?.[Symbol.dispose]()
    this.#waitingForEpoch = undefined
    this.#queue.unshift(...this.#parked.splice(0))
    this.#schedule()
  }
}
