/**
 * Registers: the newest value under a key, by rule C2. A change replaces the values its `deps` name; what remains
 * side by side is concurrent, and the later clock (then the higher entry id) is shown first. Changes may arrive in
 * any order: a dependency that has not come yet is remembered as superseded, and a void change (rule T4) is set
 * aside until a standing one builds on it.
 */
import { compareTimes, hybridTime, type HybridTime } from '../log/clock.ts'
import { bool, decode, encode, list, optional, struct, text, uint, type TypeOf } from '../wire/codec.ts'
import { deviceId, entryId, logId, type DeviceId, type EntryId, type LogId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { buildOn, replaceOwn } from './build-on.ts'
import type { Tables } from './tables.ts'

const version = struct({ entry: entryId, log: logId, seq: uint, device: deviceId, clock: hybridTime, deleted: bool, value: text(limits.valueBytes), told: optional(deviceId) })
/** A value. `told`: the device by whose checkpoint it is known here, where its entry cannot be opened. */
export type Version = TypeOf<typeof version>

const row = list(version, limits.logsPerMesh)
/** What is kept of a void change, for when a standing one builds on it. */
const setAside = struct({ log: logId, seq: uint, deps: list(entryId, limits.depsPerChange) })

/** One change of a register, as the fold gets it. */
export interface RegisterChange {
  readonly doc: string
  readonly key: string
  /** JSON text, or undefined for a deletion. */
  readonly value: string | undefined
  readonly entry: EntryId
  readonly log: LogId
  readonly seq: number
  readonly device: DeviceId
  readonly clock: HybridTime
  readonly deps: readonly EntryId[]
  /** False when its author was removed and nothing lets it stand, as far as this change alone can tell. */
  readonly stands: boolean
}

export const registerKey = (doc: string, key: string): string => `${doc}\0${key}`

/** The values under a key, the one to show first, then those concurrent with it. */
export function readRegister(tables: Pick<Tables, 'get'>, doc: string, key: string): readonly Version[] {
  const stored = tables.get('register', registerKey(doc, key))
  return stored ? decodeRow(stored) : []
}

export function decodeRow(stored: Uint8Array): readonly Version[] {
  const versions = decode(row, stored)
  if (!versions.ok) throw new Error(`a register row does not decode: ${versions.detail}`)
  return versions.value
}

/**
 * Folds one change in.
 * @param folded whether an entry's changes have been folded here already
 * @returns the values before and after
 */
export function foldRegister(tables: Tables, change: RegisterChange, folded: (id: EntryId) => boolean): { readonly before: readonly Version[]; readonly after: readonly Version[] } {
  const at = registerKey(change.doc, change.key)
  const before = readRegister(tables, change.doc, change.key)
  const mark = `${at}\0${change.entry}`
  const cited = tables.get('superseded', mark) !== undefined
  if (!change.stands && !cited) {
    tables.put('void', mark, encode(setAside, change))
    return { before, after: before }
  }
  // What is told is put beside by `withTold`: deps that name it leave their marks, since its entry is not folded here.
  const heads = new Map(before.filter(({ told }) => told === undefined).map((version) => [version.entry, version]))
  replaceOwn(heads, change)
  buildOn(tables, at, change.deps, heads, setAside, folded)
  if (cited) tables.put('superseded', mark, undefined)
  else heads.set(change.entry, { entry: change.entry, log: change.log, seq: change.seq, device: change.device, clock: change.clock, deleted: change.value === undefined, value: change.value ?? '', told: undefined })
  const after = [...heads.values()].sort(newestFirst)
  tables.put('register', at, encode(row, after))
  return { before, after }
}

/** Puts what is told of a register in the place of what was told before. @returns the values after */
export function withTold(tables: Tables, register: string, told: readonly Version[]): readonly Version[] {
  const stored = tables.get('register', register)
  const own = (stored ? decodeRow(stored) : []).filter((version) => version.told === undefined)
  if (!stored && told.length === 0) return []
  const after = [...own, ...told.filter(({ entry }) => !own.some((version) => version.entry === entry))].sort(newestFirst)
  tables.put('register', register, encode(row, after))
  return after
}

function newestFirst(a: Version, b: Version): number {
  return compareTimes(b.clock, a.clock) || (a.entry < b.entry ? 1 : -1)
}
