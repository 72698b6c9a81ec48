/**
 * Checkpoints: what a member tells newcomers of values whose entries they may not open (SPEC.md, history of newcomers).
 * A checkpoint begins with how much of each log its author has folded, then tells registers, one value at a time, then
 * ends. A told value stands for its entry, which every peer holds sealed: author, clock and place are read off that
 * entry, so only the value is its teller's word. It counts while the entry cannot be opened here, and no longer.
 */
import { compareTimes, hybridTime } from '../log/clock.ts'
import { decode, encode, list, optional, struct, text, uint, variant, bool, type TypeOf } from '../wire/codec.ts'
import { deviceId, entryId, logId, type DeviceId, type EntryId, type LogId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import type { Origin } from './messages.ts'
import { registerKey, type Version } from './registers.ts'
import { putUpdate, updatePayload } from './updates.ts'
import type { Tables } from './tables.ts'

/** Register documents that are told: those that everybody reads. What is sealed for some is nobody's to tell. */
export const toldDocs: ReadonlySet<string> = new Set(['state', 'memory', 'members', 'mesh', 'documents'])

const covered = struct({ log: logId, seq: uint })

/** The `deps` of the beginning name checkpoints that this one knew; those of the others name its beginning. */
export const checkpointPayload = variant({
  /** How much of each log its author had folded. */
  begin: [1, struct({ covers: list(covered, limits.logsPerCheckpoint) })],
  /** All values under a key of the register document `doc`, and what one of them is; none: it was deleted. */
  register: [2, struct({ key: text(limits.keyBytes), heads: list(entryId, limits.headsTold), entry: entryId, value: optional(text(limits.valueBytes)) })],
  /** All of it has been told. */
  end: [3, struct({})],
  /** The document `doc` as one Yjs update, in parts as an update has them, and its newest updates, which the next one names. */
  document: [4, struct({ heads: list(entryId, limits.headsTold), update: updatePayload })],
})
export type CheckpointPayload = TypeOf<typeof checkpointPayload>

const beginRow = struct({ log: logId, seq: uint, device: deviceId, rank: uint, deps: list(entryId, limits.depsPerChange), covers: list(covered, limits.logsPerCheckpoint), whole: bool })
export type Checkpoint = TypeOf<typeof beginRow>
const telling = struct({ checkpoint: entryId, by: entryId, device: deviceId, rank: uint, clock: hybridTime, heads: list(entryId, limits.headsTold), entry: entryId, value: optional(text(limits.valueBytes)) })
type Telling = TypeOf<typeof telling>
const tellings = list(telling, limits.tellingsKept)
/** Registers that an entry is told of; of many only that there are. */
const ofRow = struct({ many: bool, registers: list(text(2 * limits.keyBytes), limits.headsTold) })

export const beginPrefix = 'begin\0'
/** The rows of what was told of each register begin so. */
export const tellingsPrefix = 'at\0'
const beginKey = (id: EntryId): string => `${beginPrefix}${id}`
const atKey = (register: string): string => `${tellingsPrefix}${register}`
const ofKey = (entry: EntryId): string => `of\0${entry}`
/** How far a log had come when it last changed a register, where entries before that cannot be opened here. */
const ownKey = (register: string, log: LogId): string => `own\0${register}\0${log}`

export function parseCheckpoint(stored: Uint8Array): Checkpoint {
  const row = decode(beginRow, stored)
  if (!row.ok) throw new Error(`a checkpoint's row does not decode: ${row.detail}`)
  return row.value
}

function readBegin(tables: Pick<Tables, 'get'>, id: EntryId): Checkpoint | undefined {
  const stored = tables.get('told', beginKey(id))
  return stored && parseCheckpoint(stored)
}

export function parseTellings(stored: Uint8Array): readonly Telling[] {
  const rows = decode(tellings, stored)
  if (!rows.ok) throw new Error(`what was told does not decode: ${rows.detail}`)
  return rows.value
}

function readTellings(tables: Pick<Tables, 'get'>, register: string): readonly Telling[] {
  const stored = tables.get('told', atKey(register))
  return stored ? parseTellings(stored) : []
}

/** @param rank of its author's role: the word of a higher one goes before */
export function foldCheckpoint(tables: Tables, said: CheckpointPayload, { entry, log, seq, device, clock }: Origin, rank: number, deps: readonly EntryId[], doc: string): { readonly register: string } | { readonly document: string; readonly heads: readonly EntryId[]; readonly update: TypeOf<typeof updatePayload>; readonly checkpoint: EntryId } | undefined {
  if (said.type === 'begin') {
    tables.put('told', beginKey(entry), encode(beginRow, { log, seq, device, rank, deps, covers: said.covers, whole: false }))
    return undefined
  }
  const [checkpoint] = deps
  const begin = checkpoint && readBegin(tables, checkpoint)
  // It goes on in the log in which it began, or anybody could add to it.
  if (!checkpoint || begin?.log !== log) return undefined
  if (said.type === 'end') {
    tables.put('told', beginKey(checkpoint), encode(beginRow, { ...begin, whole: true }))
    return undefined
  }
  if (said.type === 'document') return { document: doc, heads: said.heads, update: said.update, checkpoint }
  if (!toldDocs.has(doc)) return undefined
  const at = registerKey(doc, said.key)
  const news = { checkpoint, by: entry, device, rank, clock, heads: said.heads, entry: said.entry, value: said.value }
  const known = readTellings(tables, at).filter((one) => one.checkpoint !== checkpoint || one.entry !== said.entry || one.by !== entry)
  // Those that are left out are the same at every peer, whatever came first (rule C1).
  tables.put('told', atKey(at), encode(tellings, [...known, news].sort(better).slice(0, limits.tellingsKept)))
  noteOf(tables, said.entry, at)
  return { register: at }
}

function noteOf(tables: Tables, entry: EntryId, register: string): void {
  const { many, registers } = toldOf(tables, entry)
  if (many || registers.includes(register)) return
  const isMany = registers.length === limits.headsTold
  tables.put('told', ofKey(entry), encode(ofRow, { many: isMany, registers: isMany ? [] : [...registers, register] }))
}

/** The registers that an entry is told of. */
export function toldOf(tables: Pick<Tables, 'get'>, entry: EntryId): TypeOf<typeof ofRow> {
  const stored = tables.get('told', ofKey(entry))
  const row = stored && decode(ofRow, stored)
  return row?.ok ? row.value : { many: false, registers: [] }
}

/** A change of a register that stands, in a log of which not all can be opened: what the log said before is replaced by it. */
export function noteOwn(tables: Tables, register: string, log: LogId, seq: number): void {
  if (seq > ownUpTo(tables, register, log)) tables.put('told', ownKey(register, log), encode(uint, seq))
}

function ownUpTo(tables: Pick<Tables, 'get'>, register: string, log: LogId): number {
  const stored = tables.get('told', ownKey(register, log))
  const seq = stored && decode(uint, stored)
  return seq?.ok ? seq.value : 0
}

/** The head of an entry that is here and cannot be opened. */
export interface SealedHead {
  readonly log: LogId
  readonly seq: number
  readonly device: DeviceId
  readonly clock: Version['clock']
}

/**
 * @param byRank whether a teller of a lower role cannot take back what one of a higher role told: where it may not write itself
 * @param sealed an entry that is here, cannot be opened, and may have changed the register
 * @returns what is told of a register and counts
 */
export function toldVersions(tables: Pick<Tables, 'get'>, register: string, byRank: boolean, sealed: (entry: EntryId) => SealedHead | undefined): Version[] {
  const all = readTellings(tables, register)
  const begins = new Map(all.map(({ checkpoint }) => [checkpoint, readBegin(tables, checkpoint)]))
  const knew = (later: EntryId, earlier: EntryId): boolean => reaches(begins, later, earlier, tables)
  const found = new Map<EntryId, Version>()
  for (const one of all) {
    if (found.has(one.entry)) continue
    const head = sealed(one.entry)
    if (!head || tables.get('superseded', `${register}\0${one.entry}`) !== undefined || ownUpTo(tables, register, head.log) > head.seq) continue
    const others = all.filter((other) => other.checkpoint !== one.checkpoint && (!byRank || other.rank >= one.rank) && !knew(one.checkpoint, other.checkpoint))
    const isReplaced = others.some((other) => knew(other.checkpoint, one.checkpoint) || (!other.heads.includes(one.entry) && covers(begins.get(other.checkpoint), head)))
    if (!isReplaced) found.set(one.entry, { entry: one.entry, log: head.log, seq: head.seq, device: head.device, clock: head.clock, deleted: one.value === undefined, value: one.value ?? '', told: one.device })
  }
  return [...found.values()]
}

function covers(begin: Checkpoint | undefined, { log, seq }: SealedHead): boolean {
  return begin?.covers.some((one) => one.log === log && one.seq >= seq) === true
}

/** Whether a checkpoint knew another, directly or by way of those that it knew. */
function reaches(begins: Map<EntryId, Checkpoint | undefined>, later: EntryId, earlier: EntryId, tables: Pick<Tables, 'get'>): boolean {
  const open = new Set(begins.get(later)?.deps)
  for (const id of open) {
    if (id === earlier) return true
    if (open.size < limits.tellingsKept) for (const dep of (begins.get(id) ?? readBegin(tables, id))?.deps ?? []) open.add(dep)
  }
  return false
}

/** The word of a higher role first, then the later one. */
function better(a: Telling, b: Telling): number {
  return b.rank - a.rank || compareTimes(b.clock, a.clock) || (a.by < b.by ? -1 : a.by > b.by ? 1 : a.entry < b.entry ? -1 : 1)
}

const documentRow = struct({ checkpoints: list(struct({ checkpoint: entryId, rows: list(text(256), limits.partsPerUpdate) }), limits.tellingsKept), heads: list(entryId, limits.headsTold) })
const documentKey = (doc: string): string => `document\0${doc}`
/** There is one where documents were told, whether that counts here or not. */
const documentsKey = 'documents'

export const areDocumentsTold = (tables: Pick<Tables, 'get'>): boolean => tables.get('told', documentsKey) !== undefined
export const noteDocuments = (tables: Tables): void => tables.put('told', documentsKey, new Uint8Array())

function readDocument(tables: Pick<Tables, 'get'>, doc: string): TypeOf<typeof documentRow> {
  const stored = tables.get('told', documentKey(doc))
  const row = stored && decode(documentRow, stored)
  return row?.ok ? row.value : { checkpoints: [], heads: [] }
}

/** The newest updates that were told of a document and that nothing here builds on: the next one names them. */
export function toldHeads(tables: Pick<Tables, 'get'>, doc: string): readonly EntryId[] {
  return readDocument(tables, doc).heads.filter((entry) => tables.get('superseded', `update\0${doc}\0${entry}`) === undefined)
}

/**
 * Takes a told document's part as if it were an update of its teller, in the place of what checkpoints told that it knew.
 * @returns the row that came to be, and whether others went
 */
export function foldDocument(tables: Tables, { document, heads, update, checkpoint }: { readonly document: string; readonly heads: readonly EntryId[]; readonly update: TypeOf<typeof updatePayload>; readonly checkpoint: EntryId }, { log, seq }: Origin): { readonly rows: readonly string[]; readonly replaced: boolean } {
  const rows = putUpdate(tables, document, log, seq, update)
  const known = readDocument(tables, document)
  const begins = new Map([[checkpoint, readBegin(tables, checkpoint)]])
  const old = known.checkpoints.filter((one) => reaches(begins, checkpoint, one.checkpoint, tables))
  for (const { rows: gone } of old) for (const row of gone) tables.put('update', row, undefined)
  const own = known.checkpoints.find((one) => one.checkpoint === checkpoint)
  const others = known.checkpoints.filter((one) => one !== own && !old.includes(one))
  const mine = { checkpoint, rows: [...new Set([...(own?.rows ?? []), ...rows])].slice(0, limits.partsPerUpdate) }
  const all = old.length > 0 ? heads : [...new Set([...known.heads, ...heads])]
  tables.put('told', documentKey(document), encode(documentRow, { checkpoints: [...others, mine].slice(-limits.tellingsKept), heads: all.slice(-limits.headsTold) }))
  return { rows, replaced: old.length > 0 }
}
