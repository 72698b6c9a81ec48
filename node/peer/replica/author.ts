/**
 * Makes this device's own entries: batches what was asked for into as few as fit, seals them under an epoch that
 * rule T6 allows (rotating first where none does) and places them like anybody else's.
 */
import { deletePayload, encodeBody, kinds, messagePayload, receiptPayload, setPayload, type Change, type MessagePayload, type ReceiptPayload } from '../../../crdt/docs/change.ts'
import { decodeRow, registerKey } from '../../../crdt/docs/registers.ts'
import { fileDeletePayload, filePayload, type FilePayload } from '../../../crdt/docs/files.ts'
import { documentHeads, updatePayload } from '../../../crdt/docs/updates.ts'
import { checkpointPayload, toldHeads, type CheckpointPayload } from '../../../crdt/docs/checkpoints.ts'
import { wrongKeyPayload } from '../../../crdt/docs/wrong-keys.ts'
import { sealChanges } from '../../../crdt/docs/sealed.ts'
import type { HybridClock, HybridTime } from '../../../crdt/log/clock.ts'
import { boundRandomBytes } from '../../../crdt/crypto/bound-id.ts'
import { buildEntry, logIds, type Entry } from '../../../crdt/log/entry.ts'
import { nonceBytes } from '../../../crdt/crypto/seal.ts'
import { noMesh, type Verify } from '../../../crdt/crypto/sign.ts'
import { encodeOp, type MemberOp } from '../../../crdt/members/ops.ts'
import type { View } from '../../../crdt/members/view.ts'
import { encode } from '../../../crdt/wire/codec.ts'
import { type DeviceId, type EntryId, type FileId, type LogId, type MeshId, type SealingKey } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Random } from '../../ports/runtime.ts'
import type { Staging } from '../staging.ts'
import type { FoldEvents } from './folder.ts'
import type { LogEnd } from '../../ports/witness.ts'
import type { Identity } from './identity.ts'
import type { Ledger } from './ledger.ts'
import { checkOwnOp, type MakeOp } from './own-op.ts'

/** What can be written. Values are JSON text. */
export type WriteSpec =
  | { readonly type: 'set'; readonly doc: string; readonly key: string; readonly value: string }
  | { readonly type: 'delete'; readonly doc: string; readonly key: string }
  /** As set, or delete where there is no value, sealed for some devices. */
  | { readonly type: 'private'; readonly doc: string; readonly key: string; readonly value: string | undefined; readonly audience: readonly DeviceId[] }
  | { readonly type: 'update'; readonly doc: string; readonly part: number; readonly of: number; readonly bytes: Uint8Array }
  | { readonly type: 'message'; readonly message: MessagePayload; readonly audience: 'all' | readonly DeviceId[] }
  | { readonly type: 'file'; readonly file: FilePayload; readonly audience: 'all' | readonly DeviceId[] }
  | { readonly type: 'fileDelete'; readonly file: FileId }
  | { readonly type: 'wrongKey'; readonly by: EntryId }
  | { readonly type: 'checkpoint'; readonly doc: string; readonly deps: readonly EntryId[]; readonly said: CheckpointPayload }
  | { readonly type: 'receipt'; readonly receipt: ReceiptPayload; readonly audience: readonly DeviceId[] }

/** Where something written came to stand. */
export interface Written {
  readonly entry: EntryId
  readonly log: LogId
  readonly seq: number
  readonly clock: HybridTime
}

/** How often a change of one key is said at most, beside the last time: each replaces 63 values that are not its own. */
const sayings = 64
/** Room that is kept for header, seal and signature. */
const bodyBudget = limits.entryBytes - 16 * 1024

type OwnLogs = { content?: LogEnd | undefined; membership?: LogEnd | undefined }

export class Author {
  readonly #mesh: MeshId
  readonly #identity: Identity
  readonly #ledger: Ledger
  readonly #clock: HybridClock
  readonly #random: Random
  readonly #verify: Verify
  #own: OwnLogs = {}

  constructor(needs: { mesh: MeshId; identity: Identity; ledger: Ledger; clock: HybridClock; random: Random; verify: Verify }) {
    this.#mesh = needs.mesh
    this.#identity = needs.identity
    this.#ledger = needs.ledger
    this.#clock = needs.clock
    this.#random = needs.random
    this.#verify = needs.verify
  }

  /** Goes on with logs whose ends a witness proved and the store confirms (rule D4). */
  resume(ends: readonly LogEnd[]): void {
    for (const end of ends) {
      const held = this.#ledger.logs.get(end.log)
      if (held?.device === this.#identity.device && held.seq === end.seq && held.id === end.id && !held.forked) this.#own[held.type] = end
    }
  }

  /** Never appends to its present logs again: the next write starts new ones. */
  retire(log?: LogId): void {
    for (const type of ['content', 'membership'] as const) if (log === undefined || this.#own[type]?.log === log) this.#own[type] = undefined
  }

  ends(): readonly LogEnd[] {
    return [this.#own.content, this.#own.membership].filter((end) => end !== undefined)
  }

  isOwn(log: LogId): boolean {
    return this.#own.content?.log === log || this.#own.membership?.log === log
  }

  /** The epoch to write under, or undefined when one must be started first. */
  epoch(): EntryId | undefined {
    return this.#ledger.membership.now().epochs().find((epoch) => this.#ledger.keyring.has(epoch))
  }

  /** Stages the writes in order; the result names the entry of each. An epoch must be there. */
  write(specs: readonly WriteSpec[], staging: Staging, events: FoldEvents): readonly Written[] {
    const view = this.#ledger.membership.now()
    const written: Written[] = []
    let changes: Change[] = []
    let touched = new Set<string>()
    let size = 0
    const flush = (): void => {
      if (changes.length === 0) return
      const entry = this.#content(changes, staging, events)
      while (written.length < done) written.push({ entry: entry.id, log: entry.log, seq: entry.seq, clock: entry.clock })
      changes = []
      touched = new Set()
      size = 0
    }
    let done = 0
    for (const spec of specs) {
      const register = touches(spec)
      // A second change of one key must name the first, whose entry has to exist for that.
      if (register !== undefined && touched.has(register)) flush()
      // Somebody has put more values there than one change can name: it is said until the last has replaced them all (rule C2).
      for (let again = 0; again < sayings && valuesUnder(spec, staging) > limits.depsPerChange; again++) {
        flush()
        this.#content([this.#change(spec, view, staging)], staging, events)
      }
      let change = this.#change(spec, view, staging)
      const cost = change.payload.length + change.deps.length * 32 + change.doc.length + 16
      if (changes.length > 0 && (size + cost > bodyBudget || changes.length >= limits.changesPerEntry)) {
        flush()
        change = this.#change(spec, view, staging)
      }
      changes.push(change)
      if (register !== undefined) touched.add(register)
      size += cost
      done++
    }
    flush()
    return written
  }

  /** Stages one membership operation. */
  operate(make: MemberOp | MakeOp, staging: Staging, events: FoldEvents): Entry {
    const end = this.#own.membership
    const frontier = this.#ledger.membership.frontier()
    const parents = [...new Set([...frontier.slice(0, limits.frontierIds), ...(end ? [end.id] : [])])]
    const op = typeof make === 'function' ? make(parents) : make
    const founding = op.type === 'found'
    if (!founding) checkOwnOp(op, this.#identity.device, parents, this.#ledger.membership, this.#verify)
    const entry = buildEntry(founding ? noMesh : this.#mesh, {
      type: 'membership',
      ...this.#place('membership'),
      device: this.#identity.device,
      clock: this.#clock.tick(),
      // Left out where it is just the predecessor.
      frontier: founding || (end && frontier.length === 1 && frontier[0] === end.id) ? undefined : frontier.slice(0, limits.frontierIds),
      op: encodeOp(op),
    }, this.#identity.signing)
    const placed = this.#ledger.placeMembership(entry, true, staging, events)
    if (placed !== 'placed') throw new AtollError('internal', { why: `a membership entry of our own was not placed: ${placed === 'missing' ? placed : placed.refused}` })
    this.#own.membership = { log: entry.log, seq: entry.seq, id: entry.id }
    return entry
  }

  /** Stages a new epoch for exactly the readers of now (rule T6). */
  rotate(grant: EntryId, staging: Staging, events: FoldEvents): void {
    const view = this.#ledger.membership.now()
    const recipients = view.readerDevices().map((device) => ({ device, sealingKey: view.sealingKey(device) as SealingKey }))
    const secret = this.#random.bytes(32)
    this.operate({ type: 'rotate', grant, ...this.#ledger.keyring.rotation(secret, recipients, this.#random) }, staging, events)
  }

  #content(changes: readonly Change[], staging: Staging, events: FoldEvents): Entry {
    const epoch = this.epoch()
    const key = epoch && this.#ledger.keyring.bodyKey(epoch)
    if (!epoch || !key) throw new AtollError('key_missing')
    const frontier = this.#ledger.membership.frontier().slice(0, limits.frontierIds)
    const end = this.#own.content
    const before = end && this.#ledger.logs.get(end.log)
    const entry = buildEntry(this.#mesh, {
      type: 'content',
      ...this.#place('content'),
      device: this.#identity.device,
      clock: this.#clock.tick(),
      frontier: before && sameIds(before.frontier, frontier) ? undefined : frontier,
      op: undefined,
      sealed: { epoch, nonce: this.#random.bytes(nonceBytes), key, plain: encodeBody(changes) },
    }, this.#identity.signing)
    const placed = this.#ledger.placeContent(entry, true, staging, events)
    if (placed !== 'placed') throw new AtollError('internal', { why: `an entry of our own was not placed: ${placed === 'missing' ? placed : placed.refused}` })
    this.#own.content = { log: entry.log, seq: entry.seq, id: entry.id }
    return entry
  }

  #place(type: 'content' | 'membership'): { log: LogId; seq: number; previous: EntryId | undefined } {
    const end = this.#own[type]
    if (end) return { log: end.log, seq: end.seq + 1, previous: end.id }
    // A new log cites the newest older one of this device, which gives it no authority but tells the story.
    const older = [...this.#ledger.logs.values()].filter((state) => state.type === type && state.device === this.#identity.device).at(-1)
    return { log: logIds.make(this.#identity.device, this.#random.bytes(boundRandomBytes)), seq: 1, previous: older?.id }
  }

  #change(spec: WriteSpec, view: View, staging: Staging): Change {
    switch (spec.type) {
      case 'set': return registerChange(spec, spec.value, staging)
      case 'delete': return registerChange(spec, undefined, staging)
      case 'private': return this.#forAudience(registerChange(spec, spec.value, staging), spec.audience, view)
      case 'update': return { kind: kinds.yjsUpdate, doc: spec.doc, deps: [...new Set([...documentHeads(staging, spec.doc).map(({ entry }) => entry), ...toldHeads(staging, spec.doc)])].slice(0, limits.depsPerChange), payload: encode(updatePayload, { part: spec.part, of: spec.of, bytes: spec.bytes }) }
      case 'message': return this.#forAudience({ kind: kinds.message, doc: '', deps: [], payload: encode(messagePayload, spec.message) }, spec.audience, view)
      case 'file': return this.#forAudience({ kind: kinds.blobTree, doc: '', deps: [], payload: encode(filePayload, spec.file) }, spec.audience, view)
      case 'fileDelete': return { kind: kinds.fileDelete, doc: '', deps: [], payload: encode(fileDeletePayload, { id: spec.file }) }
      case 'checkpoint': return { kind: kinds.checkpoint, doc: spec.doc, deps: spec.deps, payload: encode(checkpointPayload, spec.said) }
      case 'wrongKey': return { kind: kinds.wrongKey, doc: '', deps: [], payload: encode(wrongKeyPayload, { by: spec.by }) }
      case 'receipt': return this.#forAudience({ kind: kinds.receipt, doc: '', deps: [], payload: encode(receiptPayload, spec.receipt) }, spec.audience, view)
    }
  }

  #forAudience(change: Change, audience: 'all' | readonly DeviceId[], view: View): Change {
    if (audience === 'all') return change
    const devices = new Set([...audience, this.#identity.device])
    const recipients = [...devices].flatMap((device) => {
      const sealingKey = view.sealingKey(device)
      return sealingKey ? [{ device, sealingKey }] : []
    })
    return sealChanges([change], recipients, this.#mesh, this.#identity.device, this.#identity.wrapper, (length) => this.#random.bytes(length))
  }
}

function registerChange({ doc, key }: { readonly doc: string; readonly key: string }, value: string | undefined, staging: Staging): Change {
  const change = { doc, deps: deps(staging, doc, key) }
  return value === undefined ? { ...change, kind: kinds.delete, payload: encode(deletePayload, { key }) } : { ...change, kind: kinds.set, payload: encode(setPayload, { key, value }) }
}

/** The register or document that a write changes: an entry changes each once. */
function touches(spec: WriteSpec): string | undefined {
  if (spec.type === 'set' || spec.type === 'delete' || spec.type === 'private') return registerKey(spec.doc, spec.key)
  return spec.type === 'update' || (spec.type === 'checkpoint' && spec.said.type === 'document') ? `update\0${spec.doc}` : undefined
}

/** How many values stand under the key that a write sets. */
function valuesUnder(spec: WriteSpec, staging: Staging): number {
  if (spec.type !== 'set' && spec.type !== 'delete' && spec.type !== 'private') return 0
  const stored = staging.get('register', registerKey(spec.doc, spec.key))
  return stored ? decodeRow(stored).length : 0
}

/** What a change of a key builds on: the values that are there now, as many as it can name. */
function deps(staging: Staging, doc: string, key: string): readonly EntryId[] {
  const stored = staging.get('register', registerKey(doc, key))
  return stored ? decodeRow(stored).slice(0, limits.depsPerChange).map((version) => version.entry) : []
}

function sameIds(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i])
}
