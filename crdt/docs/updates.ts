/**
 * Live documents: sets of updates that any Yjs applies in any order (Nicolaescu et al. 2016). The fold keeps the set; what
 * an update says is nobody's business here. An update of a removed author stands while a standing one builds on it
 * (rule T4), or everything later from that author's client would wait for it for ever.
 */
import { concat } from '../crypto/hash.ts'
import { bytes, decode, encode, list, struct, uint, type TypeOf } from '../wire/codec.ts'
import { entryId, logId, type EntryId, type LogId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { buildOn, replaceOwn } from './build-on.ts'
import type { Tables } from './tables.ts'

/** A long update comes in parts, in consecutive entries of one log: this is part `part` of `of`. */
export const updatePayload = struct({ part: uint, of: uint, bytes: bytes(limits.payloadBytes) })

const row = struct({ of: uint, bytes: bytes(limits.payloadBytes) })
const head = struct({ entry: entryId, log: logId, seq: uint })
export type DocumentHead = TypeOf<typeof head>
const headList = list(head, limits.logsPerMesh)
/** What is kept of a void update, for when a standing one builds on it. */
const setAside = struct({ log: logId, seq: uint, deps: list(entryId, limits.depsPerChange), payload: updatePayload })

export interface UpdateChange {
  readonly doc: string
  readonly entry: EntryId
  readonly log: LogId
  readonly seq: number
  readonly deps: readonly EntryId[]
  readonly payload: TypeOf<typeof updatePayload>
  /** False when its author was removed and nothing lets it stand, as far as this change alone can tell. */
  readonly stands: boolean
}

/** Another name could begin like this one's rows, and stand among them. */
const documentId = /^[0-9a-f]{32}$/

const numberChars = 14
const hexOf = (number: number): string => number.toString(16).padStart(numberChars, '0')
/** All rows of a document begin so. */
export const updatePrefix = (doc: string): string => `${doc}\0`
/** The rows of the update that a row is part of begin so. */
export const wholePrefix = (key: string): string => key.slice(0, -numberChars)
/** Parts of one update stand side by side, in their order. */
const updateKey = (doc: string, log: LogId, seq: number, part: number): string => `${updatePrefix(doc)}${log}${hexOf(seq - part)}${hexOf(part)}`
const documentMark = (doc: string): string => `update\0${doc}`
const markKey = (doc: string, entry: EntryId): string => `${documentMark(doc)}\0${entry}`

/** The newest updates of a document, that nothing here builds on yet: what the next one names. */
export function documentHeads(tables: Pick<Tables, 'get'>, doc: string): readonly DocumentHead[] {
  const stored = tables.get('documentHead', doc)
  const heads = stored && decode(headList, stored)
  return heads?.ok ? heads.value : []
}

/**
 * Folds one update in.
 * @param folded whether an entry's changes have been folded here already
 * @returns the rows of the document that came to be
 */
export function foldUpdate(tables: Tables, change: UpdateChange, folded: (id: EntryId) => boolean): readonly string[] {
  const { doc, entry, log, seq, payload } = change
  if (!isPart(doc, seq, payload)) return []
  const cited = tables.get('superseded', markKey(doc, entry)) !== undefined
  if (!change.stands && !cited) {
    tables.put('void', markKey(doc, entry), encode(setAside, { log, seq, deps: change.deps, payload }))
    return []
  }
  if (cited) tables.put('superseded', markKey(doc, entry), undefined)
  const heads = new Map(documentHeads(tables, doc).map((one) => [one.entry, one]))
  replaceOwn(heads, change)
  const adopted = buildOn(tables, documentMark(doc), change.deps, heads, setAside, folded)
  const rows = [change, ...adopted].map((one) => put(tables, doc, one.log, one.seq, one.payload))
  if (!cited) heads.set(entry, { entry, log, seq })
  tables.put('documentHead', doc, encode(headList, [...heads.values()]))
  return rows
}

/** Puts a part of an update that stands for others whose entries cannot be opened here. @returns the row that came to be, none where it is no part of a document */
export function putUpdate(tables: Tables, doc: string, log: LogId, seq: number, payload: TypeOf<typeof updatePayload>): readonly string[] {
  return isPart(doc, seq, payload) ? [put(tables, doc, log, seq, payload)] : []
}

function isPart(doc: string, seq: number, { part, of }: TypeOf<typeof updatePayload>): boolean {
  return documentId.test(doc) && part < of && part < seq && of <= limits.partsPerUpdate
}

function put(tables: Tables, doc: string, log: LogId, seq: number, { part, of, bytes }: TypeOf<typeof updatePayload>): string {
  const key = updateKey(doc, log, seq, part)
  tables.put('update', key, encode(row, { of, bytes }))
  return key
}

/** A whole update, and the keys of the rows that it was put together from. */
export interface WholeUpdate {
  readonly keys: readonly string[]
  readonly bytes: Uint8Array
}

/** The updates that are here whole. @param rows of one document, in the order of their keys */
export function wholeUpdates(rows: Iterable<readonly [key: string, stored: Uint8Array]>): WholeUpdate[] {
  const updates: WholeUpdate[] = []
  let keys: string[] = []
  let parts: Uint8Array[] = []
  for (const [key, stored] of rows) {
    const read = decode(row, stored)
    if (!read.ok) throw new Error(`an update's row does not decode: ${read.detail}`)
    const part = Number.parseInt(key.slice(-numberChars), 16)
    const start = key.slice(0, -numberChars)
    if (part === 0 || keys[0]?.slice(0, -numberChars) !== start || keys.length !== part) {
      keys = []
      parts = []
    }
    // Without its first part a part is of no use yet.
    if (keys.length !== part) continue
    keys.push(key)
    parts.push(read.value.bytes)
    if (keys.length === read.value.of) updates.push({ keys, bytes: parts.length === 1 ? (parts[0] as Uint8Array) : concat(...parts) })
  }
  return updates
}
