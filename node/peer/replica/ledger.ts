/**
 * What one replica knows of its mesh, in memory, and how an entry takes its place in it. Everything here is staged:
 * nothing is durable, and nothing may be announced, before the replica has committed the staging (rule D1). After a
 * failed commit the ledger is loaded anew from the store.
 */
import type { Verify } from '../../../crdt/crypto/sign.ts'
import type { HybridClock } from '../../../crdt/log/clock.ts'
import { areDocumentsTold, toldOf } from '../../../crdt/docs/checkpoints.ts'
import type { Tables } from '../../../crdt/docs/tables.ts'
import { readEntry, type Entry } from '../../../crdt/log/entry.ts'
import { mayHaveKey } from '../../../crdt/members/history-policy.ts'
import type { Membership } from '../../../crdt/members/membership.ts'
import type { MemberOp, OpOf } from '../../../crdt/members/ops.ts'
import { decode, encode } from '../../../crdt/wire/codec.ts'
import { fromHex, idSet, type EntryId, type LogId, type MeshId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { Log } from '../../ports/log.ts'
import type { MeshStore } from '../../ports/store.ts'
import type { Staging } from '../staging.ts'
import type { Branches } from './branches.ts'
import { Folder, type FoldEvents } from './folder.ts'
import type { Identity } from './identity.ts'
import { Keyring, wrongKeyRow } from './keyring.ts'
import { parentsOf } from './load-membership.ts'
import { LogTable } from './logs.ts'
import { MemberBook, type Placed } from './member-book.ts'
import { allRows } from './rows.ts'
import { Standing } from './standing.ts'
import { Unopened } from './unopened.ts'
import { Volumes } from './volumes.ts'

const frontierRow = idSet<EntryId>(32, limits.frontierIds)
const fromUtf8 = new TextDecoder()

export interface LedgerNeeds {
  readonly mesh: MeshId
  readonly identity: Identity
  readonly store: MeshStore
  readonly verify: Verify
  readonly clock: HybridClock
  readonly log: Log
}

export class Ledger {
  readonly #needs: LedgerNeeds
  readonly logs = new LogTable()
  readonly keyring: Keyring
  readonly volumes = new Volumes()
  readonly #book: MemberBook
  readonly #unopened = new Unopened()
  readonly #staged = new Map<EntryId, Entry>()
  readonly #standing: Standing
  #folder: Folder
  /** During a rebuild: what has been folded so far. */
  #refolded: Set<EntryId> | undefined
  #foldAnew = false
  #lastAllowed: { readonly frontier: readonly EntryId[]; readonly device: string; readonly epoch: EntryId | undefined } | undefined

  constructor(needs: LedgerNeeds) {
    this.#needs = needs
    this.keyring = new Keyring(needs.mesh, needs.identity)
    this.#book = new MemberBook({ ...needs, onOperation: (op, id, staging, events) => this.#take(op, id, staging, events) })
    this.#standing = new Standing(this.logs, () => this.membership)
    this.#folder = this.#newFolder()
  }

  get membership(): Membership {
    return this.#book.membership
  }

  get branches(): Branches {
    return this.#book.branches
  }

  /** @param judgeAnew after an upgrade: what an older version refused or did not understand is judged by this one (rule C5) */
  load(judgeAnew: boolean): void {
    const { store } = this.#needs
    this.logs.clear()
    this.keyring.clear()
    this.#unopened.clear()
    this.settled()
    this.#refolded = undefined
    this.#foldAnew = false
    this.#lastAllowed = undefined
    this.#book.load(store, judgeAnew)
    this.#folder = this.#newFolder()
    for (const stored of store.logs()) {
      const frontier = store.get('meta', `frontier\0${stored.log}`)
      const known = frontier && decode(frontierRow, frontier)
      const refused = store.get('meta', `refused\0${stored.log}`)
      this.logs.add({ ...stored, frontier: known?.ok ? known.value : [], refused: refused && !judgeAnew ? fromUtf8.decode(refused) : undefined, forked: false })
    }
    for (const log of this.branches.logs()) {
      const state = this.logs.get(log)
      if (state) state.forked = true
    }
    for (const [epoch, secret] of allRows(store, 'epoch')) this.keyring.add(epoch as EntryId, secret)
    this.#standing.load()
    for (const [key] of allRows(store, 'unopened')) {
      const [epoch, id] = [key.slice(0, 64) as EntryId, key.slice(65) as EntryId]
      const place = store.byId(id)
      if (place) this.#unopened.add(epoch, id, place)
    }
  }

  /** Forgets what was staged: it is committed now, or was thrown away with a reload. */
  settled(): void {
    this.#staged.clear()
  }

  /** Whether an entry is here and its changes are folded. */
  folded(id: EntryId): boolean {
    if (this.#refolded) return this.#refolded.has(id)
    return !this.#unopened.has(id) && (this.#staged.has(id) || this.#needs.store.has(id))
  }

  /** The seq up to which every entry of a log could be opened; Infinity where nothing waits for a key. */
  openedUpTo(log: LogId): number {
    if (this.#unopened.size === 0) return Infinity
    const { membership } = this
    // What is older than our history policy lets us read will never be opened, and nobody waits for that.
    return this.#unopened.firstOf(log, (epoch) => mayHaveKey(membership, this.#needs.identity.device, membership.history.at(epoch) ?? -1)) - 1
  }

  has(id: EntryId): boolean {
    return this.#staged.has(id) || this.#needs.store.has(id)
  }

  /** The frontier in force at an entry: its own, or its predecessor's. */
  frontierOf(entry: Entry): readonly EntryId[] {
    if (entry.frontier) return entry.frontier
    if (entry.type === 'membership') return entry.seq > 1 && entry.previous ? [entry.previous] : []
    return this.logs.get(entry.log)?.frontier ?? []
  }

  /** Places a membership entry whose chain is verified, unless a parent is missing or its device was never anybody's. */
  placeMembership(entry: Entry, vouched: boolean, staging: Staging, events: FoldEvents): Placed {
    return this.#book.place(entry, staging, events, (parents) => this.#stage(entry, vouched, parents, staging))
  }

  /** What an entry builds on and is not here. */
  missing(entry: Entry): readonly EntryId[] {
    return this.#book.missing(entry.type === 'membership' ? parentsOf(entry) : this.frontierOf(entry))
  }

  /** Whether an entry is here, in its log or in a branch of it. */
  holds(id: EntryId): boolean {
    return this.branches.with(id) !== undefined || this.has(id)
  }

  /** Places a content entry whose chain is verified. @returns 'missing' while its frontier is unknown, or why it is refused for good */
  placeContent(entry: Entry, vouched: boolean, staging: Staging, events: FoldEvents): Placed {
    const frontier = this.frontierOf(entry)
    const epoch = entry.sealing?.epoch
    // A log's entries mostly share frontier and epoch with the one before: what was judged once holds for them all.
    const last = this.#lastAllowed
    if (last?.frontier === frontier && last.device === entry.device && last.epoch === epoch) return this.#stageContent(entry, frontier, vouched, staging, events)
    if (!this.#book.haveAll(frontier, staging, events)) return 'missing'
    const before = this.logs.get(entry.log)
    if (before && entry.frontier && !this.membership.covers(entry.frontier, before.frontier)) return { refused: 'its membership frontier went back' }
    const refusal = entry.sealing ? this.membership.contentRefusal(entry.device, frontier, entry.sealing.epoch) : 'it is not sealed'
    if (refusal) return { refused: refusal }
    this.#lastAllowed = { frontier, device: entry.device, epoch }
    return this.#stageContent(entry, frontier, vouched, staging, events)
  }

  #stageContent(entry: Entry, frontier: readonly EntryId[], vouched: boolean, staging: Staging, events: FoldEvents): 'placed' {
    this.#stage(entry, vouched, frontier, staging)
    if (entry.sealing) this.volumes.add(entry.sealing.epoch, entry.bytes.length)
    if (entry.frontier) staging.put('meta', `frontier\0${entry.log}`, encode(frontierRow, frontier))
    if (!this.#folder.fold(entry, frontier, staging, events)) {
      const { epoch } = entry.sealing as NonNullable<Entry['sealing']>
      staging.put('unopened', `${epoch}\0${entry.id}`, encode(frontierRow, frontier))
      this.#unopened.add(epoch, entry.id, entry)
      // Documents that were told while everything could be opened count from the first entry on that cannot be.
      const first = this.#unopened.size === 1 && areDocumentsTold(staging)
      if (!this.#folder.sealedCame(entry.id, staging, events) || first) this.#foldAnew = true
    }
    return 'placed'
  }

  /** Folds stored content entries again, in the order they came, until `end`. */
  startRefold(): { fold(entry: Entry, frontier: readonly EntryId[], staging: Staging, events: FoldEvents): void; end(): void } {
    const refolded = new Set<EntryId>()
    this.#refolded = refolded
    return {
      fold: (entry, frontier, staging, events) => {
        if (this.#folder.fold(entry, frontier, staging, events)) refolded.add(entry.id)
      },
      end: () => {
        this.#refolded = undefined
      },
    }
  }

  /** Called after a commit: whether projections have to be folded anew, since something else stands (rule T4) or was folded out of its order. */
  restand(): boolean {
    const anew = this.#foldAnew
    this.#foldAnew = false
    return this.#standing.changed() || anew
  }

  /** Whether content lies within the pins of every removal that took its author (rule T4). @param frontier the one in force at it */
  stands(entry: Entry, frontier: readonly EntryId[]): boolean {
    return this.#standing.stands(entry, frontier)
  }

  #stage(entry: Entry, vouched: boolean, frontier: readonly EntryId[], staging: Staging): void {
    this.#staged.set(entry.id, entry)
    this.logs.advance(entry, frontier)
    this.#standing.staged(entry)
    this.#needs.clock.observe(entry.clock)
    staging.entries.push({ id: entry.id, log: entry.log, type: entry.type, device: entry.device, seq: entry.seq, bytes: entry.bytes, vouched })
  }

  /** What a standing operation brings to this device: keys, and a change of what stands. */
  #take(op: MemberOp, id: EntryId, staging: Staging, events: FoldEvents): void {
    this.#standing.placed(op, id)
    if (op.type === 'rotate') this.#takeKey(op, id, id, op.commitment, staging, events)
    if (op.type === 'share') {
      const rotation = this.membership.history.entries[this.membership.history.at(op.epoch) ?? -1]?.op
      if (rotation?.type === 'rotate') this.#takeKey(op, id, op.epoch, rotation.commitment, staging, events)
    }
  }

  #takeKey(op: Pick<OpOf<'rotate'>, 'sealer' | 'recipients'>, by: EntryId, epoch: EntryId, commitment: Uint8Array, staging: Staging, events: FoldEvents): void {
    if (this.keyring.has(epoch)) return
    const secret = this.keyring.unwrap(op, commitment)
    if (secret === 'wrong') {
      this.#needs.log.warn('epoch_key_wrong', { epoch, by })
      // Said to the others as soon as it can be: mesh/wrong-keys.ts.
      staging.put('meta', wrongKeyRow(by), fromHex(epoch))
    }
    if (secret === 'wrong' || secret === undefined) return
    this.keyring.keep(staging, epoch, secret)
    this.#openWaiting(epoch, staging, events)
  }

  /** A key has come: what waited for it is folded. */
  #openWaiting(epoch: EntryId, staging: Staging, events: FoldEvents): void {
    const opened = this.#unopened.take(epoch).flatMap((id) => {
      const row = `${epoch}\0${id}`
      const frontier = decode(frontierRow, staging.get('unopened', row) ?? new Uint8Array([0]))
      const entry = this.#staged.get(id) ?? this.#stored(id)
      staging.put('unopened', row, undefined)
      return entry && frontier.ok ? [{ entry, frontier: frontier.value }] : []
    })
    // What was told of them was their tellers' word: they speak for themselves now.
    if (opened.length > 0 && areDocumentsTold(staging)) this.#foldAnew = true
    if (opened.some(({ entry }) => toldOf(staging, entry.id).registers.length > 0 || toldOf(staging, entry.id).many)) this.#foldAnew = true
    const waited = new Map<LogId, { first: number; count: number }>()
    for (const { entry } of opened) {
      const log = waited.get(entry.log)
      waited.set(entry.log, { first: log?.first ?? entry.seq, count: (log?.count ?? 0) + 1 })
    }
    // A log's changes are folded in their order. Where later ones were already, under another key, all is folded anew.
    for (const [log, { first, count }] of waited) if ((this.logs.get(log)?.seq ?? 0) - first + 1 !== count) this.#foldAnew = true
    for (const { entry, frontier } of opened) this.#folder.fold(entry, frontier, staging, events)
  }

  #stored(id: EntryId): Entry | undefined {
    const stored = this.#needs.store.byId(id)
    const read = stored && readEntry(stored.bytes)
    return read?.ok ? read.entry : undefined
  }

  /** An entry that is here and cannot be opened. */
  #sealed(id: EntryId, tables: Tables): { readonly entry: Entry; readonly frontier: readonly EntryId[] } | undefined {
    const epoch = this.#unopened.epochOf(id)
    const entry = epoch && (this.#staged.get(id) ?? this.#stored(id))
    const frontier = epoch && decode(frontierRow, tables.get('unopened', `${epoch}\0${id}`) ?? new Uint8Array([0]))
    return entry && frontier?.ok ? { entry, frontier: frontier.value } : undefined
  }

  #newFolder(): Folder {
    const { mesh, identity } = this.#needs
    return new Folder({ mesh, identity, membership: this.membership, keyring: this.keyring, folded: (id) => this.folded(id), stands: (entry, frontier) => this.stands(entry, frontier), sealed: (id, tables) => this.#sealed(id, tables), foldAnew: () => void (this.#foldAnew ||= this.#refolded === undefined), hasSealed: (log, before = Infinity) => (log === undefined ? this.#unopened.size > 0 : this.#unopened.firstOf(log) < before) })
  }
}
