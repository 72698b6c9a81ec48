/**
 * Tells newcomers what they may not read the entries of (`crdt/docs/checkpoints.ts`). Whoever lets somebody in does so
 * at once; other writers look after a while, and tell what nobody has told: what was written under an old key unaware
 * of the newcomer, or stands again since somebody was removed.
 */
import { deletePayload, kinds, setPayload } from '../../../crdt/docs/change.ts'
import { beginPrefix, parseCheckpoint, toldDocs, type Checkpoint } from '../../../crdt/docs/checkpoints.ts'
import { documentHeads } from '../../../crdt/docs/updates.ts'
import { decodeRow, registerKey } from '../../../crdt/docs/registers.ts'
import { readEntry, type Entry } from '../../../crdt/log/entry.ts'
import { mayHaveKey } from '../../../crdt/members/history-policy.ts'
import { decode } from '../../../crdt/wire/codec.ts'
import type { EntryId, LogId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { Log } from '../../ports/log.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { LiveDocuments } from '../documents/live-documents.ts'
import type { WriteSpec } from '../replica/author.ts'
import { openEntry } from '../replica/open-entry.ts'
import { mayRotate } from '../replica/permitted.ts'
import type { Replica } from '../replica/replica.ts'
import { allRows } from '../replica/rows.ts'

const pageBytes = 200 * 1024
const specsPerWrite = 100
const rowsPerTurn = 200
const laterMs = 20_000

export class CheckpointWriter {
  readonly #replica: Replica
  readonly #runtime: Runtime
  readonly #log: Log
  readonly #documents: LiveDocuments
  /** Up to where each log was looked through for what is sealed under a closed epoch. */
  readonly #looked = new Map<LogId, number>()
  #lookedFor = ''
  /** Content was folded anew: what was told may not stand. */
  #anew = false
  #timer: Disposable | undefined
  #telling: Promise<void> | undefined
  readonly #listening: Disposable

  constructor({ replica, documents, runtime, log }: { readonly replica: Replica; readonly documents: LiveDocuments; readonly runtime: Runtime; readonly log: Log }) {
    this.#replica = replica
    this.#runtime = runtime
    this.#log = log
    this.#documents = documents
    this.#listening = replica.onCommit(({ entries, rebuilt }) => {
      if (rebuilt) this.#anew = true
      // What others wrote may be sealed under a key that was closed meanwhile: they did not know.
      if (this.#lookedFor !== '' && (rebuilt || entries.some(({ own }) => !own))) this.#later()
    })
  }

  /** The membership has changed. Who made the newest key tells at once, since that was most likely for a newcomer. */
  async membershipChanged(): Promise<void> {
    const { membership, identity } = this.#replica
    const newest = membership.now().epochs()[0]
    const at = newest && membership.history.at(newest)
    if (at !== undefined && membership.history.entries[at]?.device === identity.device) await this.tellNow()
    else this.#later()
  }

  stop(): void {
    this.#listening[Symbol.dispose]()
    this.#timer?.[Symbol.dispose]()
  }

  #later(): void {
    this.#timer ??= this.#runtime.timers.after(laterMs * (0.5 + (this.#runtime.random.bytes(1)[0] as number) / 256), () => {
      this.#timer = undefined
      this.tellNow().catch((error: unknown) => this.#log.warn('checkpoint_failed', { why: String(error) }))
    })
  }

  /** One telling at a time: what came meanwhile is looked for with the next. */
  tellNow(): Promise<void> {
    this.#telling ??= this.#tell().finally(() => (this.#telling = undefined))
    return this.#telling
  }

  /** Tells what is not told yet; does nothing where every reader may read everything. */
  async #tell(): Promise<void> {
    if (!this.#replica.mayRead() || !mayRotate(this.#replica.membership.now(), this.#replica.identity.device)) return
    const closed = this.#closedEpochs()
    if (closed.size === 0) return
    const { membership, ledger } = this.#replica
    const epoch = membership.now().epochs().find((one) => ledger.keyring.has(one))
    // Who cannot write so that newcomers read it, or could not open all itself, has nothing to tell them.
    if (!epoch || closed.has(epoch) || [...closed].some((one) => !ledger.keyring.has(one))) return
    const told = this.#told(closed)
    const isFirst = told.length === 0
    const isWhole = isFirst || this.#anew
    const covered = new Map<LogId, number>()
    for (const { covers } of told) for (const { log, seq } of covers) covered.set(log, Math.max(seq, covered.get(log) ?? 0))
    const covers = [...this.#replica.logs()].filter(({ type }) => type === 'content').map(({ log, seq }) => ({ log, seq: Math.min(seq, ledger.openedUpTo(log)) })).slice(0, limits.logsPerCheckpoint)
    const untold = await this.#untold(closed, covers, covered)
    if (untold.length === 0 && !this.#anew) return
    const registers = isWhole ? allRows(this.#replica.store, 'register') : [...new Set(untold.flatMap((entry) => this.#registersOf(entry)))].map((key) => [key, this.#replica.store.get('register', key)] as const)
    const documents = isWhole ? [...allRows(this.#replica.store, 'register', registerKey('documents', ''))].map(([key]) => key.slice('documents\0'.length)) : [...new Set(untold.flatMap((entry) => this.#documentsOf(entry)))]
    this.#anew = false
    await this.#write(covers, isFirst, registers, documents, closed)
  }

  /** Epochs whose keys some reader may not have. */
  #closedEpochs(): ReadonlySet<EntryId> {
    const { membership } = this.#replica
    const devices = membership.now().readerDevices()
    return new Set(membership.history.rotations.filter((at) => devices.some((device) => !mayHaveKey(membership, device, at))).map((at) => (membership.history.entries[at] as { id: EntryId }).id))
  }

  /** Whole checkpoints that every reader can open. */
  #told(closed: ReadonlySet<EntryId>): readonly (Checkpoint & { readonly id: EntryId })[] {
    return [...allRows(this.#replica.store, 'told', beginPrefix)].flatMap(([key, stored]) => {
      const id = key.slice(beginPrefix.length) as EntryId
      const checkpoint = parseCheckpoint(stored)
      const epoch = this.#entry(id)?.sealing?.epoch
      return checkpoint.whole && epoch && !closed.has(epoch) ? [{ ...checkpoint, id }] : []
    })
  }

  /** Entries under closed epochs that no checkpoint covers. */
  async #untold(closed: ReadonlySet<EntryId>, covers: readonly { readonly log: LogId; readonly seq: number }[], covered: ReadonlyMap<LogId, number>): Promise<readonly Entry[]> {
    const lookedFor = [...closed].sort().join()
    if (this.#lookedFor !== lookedFor) this.#looked.clear()
    this.#lookedFor = lookedFor
    const untold: Entry[] = []
    for (const { log, seq } of covers) {
      let clean = Math.max(covered.get(log) ?? 0, this.#looked.get(log) ?? 0)
      for (let after = clean; after < seq; ) {
        const rows = this.#replica.store.read(log, after, pageBytes)
        if (rows.length === 0) break
        after = rows.at(-1)?.seq ?? seq
        for (const row of rows) {
          const read = readEntry(row.bytes)
          if (row.seq > seq || !read.ok || !read.entry.sealing || !closed.has(read.entry.sealing.epoch)) continue
          untold.push(read.entry)
        }
        if (untold.at(-1)?.log !== log) clean = after
        await this.#turn()
      }
      this.#looked.set(log, clean)
    }
    return untold
  }

  /** The registers that an entry changed. */
  #registersOf(entry: Entry): readonly string[] {
    const changes = openEntry(this.#replica, entry)
    if (typeof changes === 'string') return []
    return changes.flatMap(({ kind, doc, payload }) => {
      const said = kind === kinds.set ? decode(setPayload, payload) : kind === kinds.delete ? decode(deletePayload, payload) : undefined
      return said?.ok ? [registerKey(doc, said.value.key)] : []
    })
  }

  /** The documents that an entry edited. */
  #documentsOf(entry: Entry): readonly string[] {
    const changes = openEntry(this.#replica, entry)
    return typeof changes === 'string' ? [] : changes.filter(({ kind }) => kind === kinds.yjsUpdate).map(({ doc }) => doc)
  }

  async #write(covers: readonly { readonly log: LogId; readonly seq: number }[], isFirst: boolean, registers: Iterable<readonly [string, Uint8Array | undefined]>, documents: readonly string[], closed: ReadonlySet<EntryId>): Promise<void> {
    const deps = [...allRows(this.#replica.store, 'told', beginPrefix)].map(([key]) => key.slice(beginPrefix.length) as EntryId).slice(-limits.depsPerChange)
    const [begin] = await this.#replica.write([{ type: 'checkpoint', doc: '', deps, said: { type: 'begin', covers: [...covers] } }])
    if (!begin) return
    let specs: WriteSpec[] = []
    let seen = 0
    for (const [key, row] of registers) {
      specs.push(...(row ? this.#tellRegister(key, row, begin.entry, closed, isFirst) : []))
      if (specs.length >= specsPerWrite) await this.#replica.write(specs.splice(0))
      if (++seen % rowsPerTurn === 0) await this.#turn()
    }
    for (const document of documents) {
      await this.#replica.write([...specs.splice(0), ...this.#tellDocument(document, begin.entry)])
      await this.#turn()
    }
    specs = [...specs, { type: 'checkpoint', doc: '', deps: [begin.entry], said: { type: 'end' } }]
    await this.#replica.write(specs)
  }

  #tellDocument(id: string, checkpoint: EntryId): readonly WriteSpec[] {
    const heads = documentHeads(this.#replica.store, id).map(({ entry }) => entry).slice(0, limits.headsTold)
    if (heads.length === 0) return []
    using held = this.#documents.hold(id)
    const parts = held.document.parts()
    if (!parts) this.#log.warn('document_not_told', { document: id, why: 'it is too long' })
    return parts?.map((update) => ({ type: 'checkpoint', doc: id, deps: [checkpoint], said: { type: 'document', heads, update } })) ?? []
  }

  #tellRegister(register: string, row: Uint8Array, checkpoint: EntryId, closed: ReadonlySet<EntryId>, isFirst: boolean): readonly WriteSpec[] {
    const doc = register.slice(0, register.indexOf('\0'))
    if (!toldDocs.has(doc)) return []
    // What is known here by somebody's word only is for those to tell who know better.
    const versions = decodeRow(row).filter(({ told }) => told === undefined).slice(0, limits.headsTold)
    const heads = versions.map(({ entry }) => entry)
    const old = versions.filter(({ entry }) => closed.has(this.#entry(entry)?.sealing?.epoch ?? entry))
    // A value that nobody needs be told is told all the same where it may have taken the place of one that was.
    const tell = old.length > 0 || isFirst ? old : versions.slice(0, 1)
    return tell.map(({ entry, deleted, value }) => ({ type: 'checkpoint', doc, deps: [checkpoint], said: { type: 'register', key: register.slice(doc.length + 1), heads, entry, value: deleted ? undefined : value } }))
  }

  #entry(id: EntryId): Entry | undefined {
    const stored = this.#replica.store.byId(id)
    const read = stored && readEntry(stored.bytes)
    return read?.ok ? read.entry : undefined
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#runtime.timers.soon(resolve))
  }
}
