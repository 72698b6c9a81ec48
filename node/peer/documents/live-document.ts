/**
 * One live document while somebody here looks at it: a Yjs document of what is committed. Whoever edits hands over
 * updates; they are written to the log first, and only then shown to others (rule D1), merged where they queue.
 */
import * as Y from 'yjs'
import { updatePrefix, wholePrefix, wholeUpdates, type WholeUpdate } from '../../../crdt/docs/updates.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError } from '../../ports/errors.ts'
import type { WriteSpec } from '../replica/author.ts'
import type { Replica } from '../replica/replica.ts'
import { allRows } from '../replica/rows.ts'
import { applyBounded } from './bounded-update.ts'

/** So much of an update goes into one entry. */
const partBytes = 128 * 1024
/** More updates than this are folded into a snapshot of the whole, or as many bytes as the last one had. */
const mostUpdates = 500
const leastSnapshotBytes = 256 * 1024
/** So many are left as they are when nobody looks any more. */
const fewUpdates = 30
/** Yjs sorts what it merges at every step, which is quadratic: of 4 to 32 at a time, this many cost least for a thousand. */
const mergedAtOnce = 32

export class LiveDocument {
  readonly id: string
  readonly doc: Y.Doc
  readonly #replica: Replica
  readonly #listeners = new Set<(update: Uint8Array) => void>()
  readonly #closing = new Set<() => void>()
  /** Rows that the document holds, since the last snapshot. */
  readonly #applied = new Set<string>()
  readonly #clientId: () => number
  readonly #isStale: () => boolean
  /** Under which client edits are made here. */
  #editor: number
  /** What waits to be written, by whom it came from. */
  #pending = new Map<object, Pending>()
  /** Bytes of updates since the last snapshot, and of that. */
  #appliedBytes = 0
  #snapshotBytes = 0
  #isWriting = false
  #edits: Promise<void> = Promise.resolve()

  /**
   * @param isStale whether content was folded anew since: what is here may not stand
   * @param clientId gives fresh random numbers below 2^32: an id used again after its newest edits were lost diverges silently
   */
  constructor(replica: Replica, id: string, clientId: () => number, isStale: () => boolean) {
    this.#replica = replica
    this.id = id
    this.#clientId = clientId
    this.#isStale = isStale
    this.#editor = clientId()
    this.doc = new Y.Doc()
    this.#load()
  }

  /** The text of a named part; undefined where that part is no text. */
  text(part: string): string | undefined {
    try {
      return this.doc.getText(part).toJSON()
    } catch {
      // Yjs lets a part be of one type only.
      return undefined
    }
  }

  /** All of it as one update (version 1). */
  encoded(): Uint8Array {
    return Y.encodeStateAsUpdate(this.doc)
  }

  /** All of it as an update of version 2, in the parts that entries hold; undefined where those are too many. */
  parts(): readonly { readonly part: number; readonly of: number; readonly bytes: Uint8Array }[] | undefined {
    const parts = inParts(Y.encodeStateAsUpdateV2(this.doc))
    return parts.length > limits.partsPerUpdate ? undefined : parts
  }

  /** Calls back with every update (version 1) once it is committed. */
  onUpdate(call: (update: Uint8Array) => void): Disposable {
    this.#listeners.add(call)
    return { [Symbol.dispose]: () => void this.#listeners.delete(call) }
  }

  /** Calls back when the document is let go while it is held: what it holds may not stand any more. Open it anew. */
  onClose(call: () => void): Disposable {
    this.#closing.add(call)
    return { [Symbol.dispose]: () => void this.#closing.delete(call) }
  }

  /**
   * Takes an update (version 1) of an editor; resolves when it is committed, rejects with bad_input what is no update.
   * @param editor whose it is: what one editor hands over while the last commit runs is committed, or refused, as one
   */
  write(update: Uint8Array, editor: object = {}): Promise<void> {
    let pending = this.#pending.get(editor)
    if (!pending) this.#pending.set(editor, (pending = { updates: [], ...Promise.withResolvers<void>() }))
    pending.updates.push(update)
    if (!this.#isWriting) void this.#writeAll()
    return pending.promise
  }

  /** Edits in one transaction, one edit after another; resolves when it is committed. */
  edit(change: (doc: Y.Doc) => void): Promise<void> {
    const done = this.#edits.then(() => this.#editNow(change))
    this.#edits = done.catch(() => undefined)
    return done
  }

  /** On a copy, so that nobody is shown what may not come to be. */
  async #editNow(change: (doc: Y.Doc) => void): Promise<void> {
    const draft = new Y.Doc()
    Y.applyUpdateV2(draft, Y.encodeStateAsUpdateV2(this.doc))
    draft.clientID = this.#editor
    const before = Y.encodeStateVector(draft)
    draft.transact(() => change(draft))
    const made = Y.encodeStateAsUpdate(draft, before)
    draft.destroy()
    try {
      await this.write(made)
    } catch (error) {
      // It may be in the log all the same: what is edited next must not take its place.
      this.#editor = this.#clientId()
      throw error
    }
  }

  /** More of it has been committed: these rows. */
  refresh(rows: readonly string[]): void {
    const starts = new Set(rows.map(wholePrefix))
    const fresh = [...starts].flatMap((prefix) => wholeUpdates(this.#replica.store.scan('update', { prefix, limit: limits.partsPerUpdate }))).filter(({ keys }) => !this.#applied.has(keys[0] as string))
    if (fresh.length === 0) return
    const applied = this.doc.transact(() => fresh.filter(({ bytes }) => this.#apply(bytes)))
    for (const one of fresh) this.#count(one)
    for (const { bytes } of applied) {
      const update = this.#listeners.size > 0 && toV1(bytes)
      if (update) for (const call of [...this.#listeners]) call(update)
    }
    if (this.#isLong()) this.#compact()
  }

  /** Lets go of it: nobody looks any more, or what it holds may not stand. */
  close(why: 'unused' | 'stale'): void {
    // Whoever opens it next finds a snapshot and few updates.
    if (why === 'unused' && this.#applied.size > fewUpdates) this.#compact()
    for (const call of [...this.#closing]) call()
    this.doc.destroy()
  }

  #rows(): Iterable<readonly [string, Uint8Array]> {
    return allRows(this.#replica.store, 'update', updatePrefix(this.id))
  }

  #load(): void {
    const snapshot = this.#replica.store.get('snapshot', this.id)
    // In one transaction, which costs a fraction of one for each.
    this.doc.transact(() => {
      if (snapshot) Y.applyUpdateV2(this.doc, snapshot)
      for (const one of wholeUpdates(this.#rows())) {
        this.#apply(one.bytes)
        this.#count(one)
      }
    })
    this.#snapshotBytes = snapshot?.length ?? 0
    if (this.#isLong()) this.#compact()
  }

  #count({ keys, bytes }: WholeUpdate): void {
    for (const key of keys) this.#applied.add(key)
    this.#appliedBytes += bytes.length
  }

  /** Snapshots as long again as the last one: all of them together cost what a few of the longest do. */
  #isLong(): boolean {
    return this.#applied.size > mostUpdates || this.#appliedBytes > Math.max(leastSnapshotBytes, this.#snapshotBytes)
  }

  /** A peer may have written what is no update: it means nothing. It is kept in its entry as evidence, and the next reader passes over it as well. */
  #apply(update: Uint8Array): boolean {
    return applyBounded(this.doc, update)
  }

  /** What was applied becomes one snapshot; not if it turned out meanwhile that what it holds may not stand. */
  #compact(): void {
    const keys = [...this.#applied]
    const [bytes, before] = [this.#appliedBytes, this.#snapshotBytes]
    this.#applied.clear()
    this.#appliedBytes = 0
    const snapshot = Y.encodeStateAsUpdateV2(this.doc)
    this.#snapshotBytes = snapshot.length
    const rows = [{ table: 'snapshot' as const, key: this.id, value: snapshot }, ...keys.map((key) => ({ table: 'update' as const, key, value: undefined }))]
    this.#replica.note(() => (this.#isStale() ? [] : rows)).catch(() => {
      // The updates are where they were: the next time they are compacted again.
      for (const key of keys) this.#applied.add(key)
      this.#appliedBytes += bytes
      this.#snapshotBytes = before
    })
  }

  /** Merges what queues while the last commit runs. */
  async #writeAll(): Promise<void> {
    this.#isWriting = true
    // What comes in one turn goes into one entry.
    await Promise.resolve()
    while (this.#pending.size > 0) {
      const batch = [...this.#pending.values()]
      this.#pending.clear()
      const merged = mergedOf(batch.flatMap(({ updates }) => updates))
      if (merged) await this.#commit(batch, merged)
      // Somebody's is no update: each editor's by itself.
      else for (const one of batch) await this.#commit([one], mergedOf(one.updates))
    }
    this.#isWriting = false
  }

  async #commit(batch: readonly Pending[], update: Uint8Array | undefined): Promise<void> {
    try {
      if (!update) throw new AtollError('bad_input', { what: 'This is no update of a document.' })
      await this.#replica.write(inParts(update).map((part): WriteSpec => ({ type: 'update', doc: this.id, ...part })))
      for (const { resolve } of batch) resolve()
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
}

/** Updates (version 1) of one editor that wait to be written, and whoever waits for that. */
interface Pending extends PromiseWithResolvers<void> {
  readonly updates: Uint8Array[]
}

/** Updates of version 1 as one of version 2, which is half as long; undefined where one of them is none. */
function mergedOf(updates: readonly Uint8Array[]): Uint8Array | undefined {
  try {
    let merged = updates
    while (merged.length > mergedAtOnce) merged = Array.from({ length: Math.ceil(merged.length / mergedAtOnce) }, (_, i) => Y.mergeUpdates(merged.slice(i * mergedAtOnce, (i + 1) * mergedAtOnce)))
    return merged.length === 1 ? Y.convertUpdateFormatV1ToV2(merged[0] as Uint8Array) : Y.mergeUpdatesV2([...merged], Y.UpdateDecoderV1, Y.UpdateEncoderV2)
  } catch {
    // Yjs throws in many words at what it cannot read.
    return undefined
  }
}

function toV1(update: Uint8Array): Uint8Array | undefined {
  try {
    return Y.convertUpdateFormatV2ToV1(update)
  } catch {
    // Not an update: see #apply.
    return undefined
  }
}

function inParts(update: Uint8Array): { readonly part: number; readonly of: number; readonly bytes: Uint8Array }[] {
  const of = Math.max(1, Math.ceil(update.length / partBytes))
  return Array.from({ length: of }, (_, part) => ({ part, of, bytes: update.subarray(part * partBytes, (part + 1) * partBytes) }))
}
