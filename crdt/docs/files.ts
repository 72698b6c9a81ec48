/**
 * Shared files as tables: one row for each file that this device can open the record of, one that remembers which entries
 * held a record of it (the first shared it, later ones opened it to more people), and one for each file that was deleted.
 * A file's id is bound to the member that shared it, so nobody else can say anything about it; of two different records
 * under one id the earlier entry in clock order counts, whichever came first (rule C1).
 */
import { compareTimes, hybridTime } from '../log/clock.ts'
import { fileRoot } from '../blobs/tree.ts'
import { boundIds } from '../crypto/bound-id.ts'
import { bool, decode, encode, fixed, list, optional, struct, text, uint, type Codec, type TypeOf } from '../wire/codec.ts'
import { deviceId, entryId, fileId, memberId, type EntryId, type FileId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { domains } from '../wire/protocols.ts'
import type { Origin } from './messages.ts'
import type { Tables } from './tables.ts'

export const filePayload = struct({
  id: fileId,
  name: text(limits.fileNameBytes),
  tags: list(text(limits.tagBytes), limits.tagsPerFile),
  root: fileRoot,
  /** What its chunks are opened with: derived for the mesh, or random for the people it was sealed for. */
  key: fixed(32),
  /** Milliseconds since 1970 after which nobody needs to keep it. Display and collection only: clocks are never trusted. */
  expires: optional(uint),
})
export type FilePayload = TypeOf<typeof filePayload>
export const fileDeletePayload = struct({ id: fileId })

const originFields = { entry: entryId, device: deviceId, member: memberId, clock: hybridTime }
const fileRow = struct({
  ...originFields,
  /** Whether it was sealed for some people and not all. */
  sealed: bool,
  file: filePayload,
})
export type FileRow = TypeOf<typeof fileRow>
const goneRow = struct(originFields)
export type GoneRow = TypeOf<typeof goneRow>

/** File ids are bound to the member: every device of it may share more widely what one of them shared, or delete it. */
export const fileIds = boundIds<FileId>(domains.fileId)

const recordKey = (id: FileId, entry: EntryId): string => `${id}\0${entry}`
/** The entries that hold a record of a file, as keys of their table. */
export const recordPrefix = (id: FileId): string => `${id}\0`
export const entryOfRecordKey = (key: string): EntryId => key.slice(key.indexOf('\0') + 1) as EntryId

/** A file that can be opened here and was not deleted. */
export function readFile(tables: Pick<Tables, 'get'>, id: FileId): FileRow | undefined {
  return tables.get('fileGone', id) ? undefined : read(tables, 'file', fileRow, id)
}

/** Who deleted a file, and when. */
export function readGone(tables: Pick<Tables, 'get'>, id: FileId): GoneRow | undefined {
  return read(tables, 'fileGone', goneRow, id)
}

/** What a row of the table of files says. */
export function parseFile(stored: Uint8Array): FileRow {
  const row = decode(fileRow, stored)
  if (!row.ok) throw new Error(`a file's row does not decode: ${row.detail}`)
  return row.value
}

/** @returns whether anything is known now that was not */
export function foldFile(tables: Tables, file: FilePayload, origin: Origin, sealed: boolean): boolean {
  if (!fileIds.isOf(file.id, origin.member)) return false
  const record = recordKey(file.id, origin.entry)
  if (tables.get('fileRecord', record)) return false
  tables.put('fileRecord', record, new Uint8Array())
  return putEarliest(tables, 'file', fileRow, file.id, { ...origin, sealed, file })
}

/** @param steward whether the author may delete what others shared; @returns whether it is news */
export function foldFileDelete(tables: Tables, id: FileId, origin: Origin, steward: boolean): boolean {
  return (steward || fileIds.isOf(id, origin.member)) && putEarliest(tables, 'fileGone', goneRow, id, origin)
}

function putEarliest<Row extends GoneRow>(tables: Tables, table: 'file' | 'fileGone', codec: Codec<Row>, id: FileId, row: Row): boolean {
  const known = read(tables, table, codec, id)
  const time = known && compareTimes(known.clock, row.clock)
  if (known && time !== undefined && (time < 0 || (time === 0 && known.entry <= row.entry))) return false
  tables.put(table, id, encode(codec, row))
  return true
}

function read<Row>(tables: Pick<Tables, 'get'>, table: 'file' | 'fileGone', codec: Codec<Row>, id: FileId): Row | undefined {
  const stored = tables.get(table, id)
  const row = stored && decode(codec, stored)
  return row?.ok ? row.value : undefined
}
