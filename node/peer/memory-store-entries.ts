/** Entries, logs and evidence in memory. Rows are never changed once made, so copies of the lists are snapshots. */
import type { EntryId, LogId } from '../../crdt/wire/ids.ts'
import type { Batch, MeshStore, NewEntry, StoredEntry, StoredLog } from '../ports/store.ts'

type Evidence = Batch['evidence'][number]
type Row = NewEntry & { readonly position: number }

export class MemoryEntries {
  readonly #rows: Row[] = []
  readonly #byId = new Map<EntryId, Row>()
  /** The rows of each log, by seq. Logs hold every seq from their first to their last, save after damage. */
  readonly #logs = new Map<LogId, Row[]>()
  readonly #evidence: Evidence[] = []

  constructor(rows: readonly NewEntry[] = [], evidence: readonly Evidence[] = []) {
    for (const row of rows) this.#add(row)
    this.#evidence.push(...evidence)
  }

  get rows(): readonly NewEntry[] {
    return this.#rows
  }

  logs(): readonly StoredLog[] {
    return [...this.#logs.values()].map((rows) => {
      const { log, type, device, seq, id } = rows.at(-1) as Row
      return { log, type, device, seq, id }
    })
  }

  has(id: EntryId): boolean {
    return this.#byId.has(id)
  }

  byId(id: EntryId): (StoredEntry & { readonly log: LogId }) | undefined {
    const row = this.#byId.get(id)
    return row && { seq: row.seq, vouched: row.vouched, bytes: row.bytes, log: row.log }
  }

  idAt(log: LogId, seq: number): EntryId | undefined {
    const rows = this.#logs.get(log) ?? []
    const row = rows[indexAfter(rows, seq - 1)]
    return row?.seq === seq ? row.id : undefined
  }

  read(log: LogId, after: number, maxBytes: number): readonly StoredEntry[] {
    const rows = this.#logs.get(log) ?? []
    const entries: StoredEntry[] = []
    let size = 0
    for (let i = indexAfter(rows, after); i < rows.length; i++) {
      const { seq, vouched, bytes } = rows[i] as Row
      size += bytes.length
      if (size > maxBytes && entries.length > 0) break
      entries.push({ seq, vouched, bytes })
    }
    return entries
  }

  replay(type: NewEntry['type'], after: number, limit: number): ReturnType<MeshStore['replay']> {
    const page: { position: number; log: LogId; bytes: Uint8Array }[] = []
    for (let i = Math.max(0, after); i < this.#rows.length && page.length < limit; i++) {
      const { position, log, bytes, type: its } = this.#rows[i] as Row
      if (its === type) page.push({ position, log, bytes })
    }
    return page
  }

  evidence(): readonly Evidence[] {
    return [...this.#evidence]
  }

  add(entries: readonly NewEntry[]): void {
    for (const entry of entries) this.#add({ ...entry, bytes: entry.bytes.slice() })
  }

  addEvidence(evidence: readonly Evidence[]): void {
    for (const { log, seq, run } of evidence) {
      const same = this.#evidence.findIndex((known) => known.log === log && known.seq === seq && known.run.length <= run.length && known.run.every((bytes, i) => sameBytes(bytes, run[i])))
      this.#evidence.splice(same < 0 ? this.#evidence.length : same, 1, { log, seq, run: run.map((bytes) => bytes.slice()) })
    }
  }

  #add(entry: NewEntry): void {
    const row = { ...entry, position: this.#rows.length + 1 }
    this.#rows.push(row)
    this.#byId.set(row.id, row)
    const rows = this.#logs.get(row.log)
    if (rows) rows.splice(indexAfter(rows, row.seq), 0, row)
    else this.#logs.set(row.log, [row])
  }
}

/** What is new among entries to commit, the same in every store: one that is there already is ignored; one that would take another's place throws, for its log has forked and the caller should have known. */
export function freshOf(entries: readonly NewEntry[], idAt: (log: LogId, seq: number) => EntryId | undefined): readonly NewEntry[] {
  const staged = new Map<string, EntryId>()
  return entries.filter(({ id, log, seq }) => {
    const place = `${log}/${seq}`
    const there = staged.get(place) ?? idAt(log, seq)
    if (there === undefined) {
      staged.set(place, id)
      return true
    }
    if (there !== id) throw new Error(`entry ${id} would take the place of ${there}, number ${seq} of log ${log}`)
    return false
  })
}

/** The index of the first row beyond a seq. */
function indexAfter(rows: readonly Row[], seq: number): number {
  if ((rows.at(-1)?.seq ?? 0) <= seq) return rows.length
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rows[middle] as Row).seq > seq) high = middle
    else low = middle + 1
  }
  return low
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i])
}
