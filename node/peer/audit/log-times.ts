/**
 * When the entries of content logs were written, in an order that no clock can break: an entry's time is the latest
 * clock up to it in its log. An author whose clock went back, or who wrote a time of its choice, cannot get an entry
 * behind those it wrote before, so pages neither skip nor repeat any. Only where every so many entries end is kept.
 */
import { compareTimes, type HybridTime } from '../../../crdt/log/clock.ts'
import { readMoment } from '../../../crdt/log/entry.ts'
import type { EntryId, LogId } from '../../../crdt/wire/ids.ts'
import type { StoredEntry } from '../../ports/store.ts'
import type { Replica } from '../replica/replica.ts'

const blockEntries = 64
const pageBytes = 256 * 1024
/** About what a block takes, so that little is read beyond it. */
const blockBytes = 16 * 1024

/** The time that a log has come to, and the frontier in force there. */
export interface LogMoment {
  readonly time: HybridTime
  readonly frontier: readonly EntryId[]
}

/** An entry as it is stored, with its time and the frontier in force at it. */
export interface TimedEntry extends StoredEntry, LogMoment {}

interface Known {
  /** Where each full block ends. */
  readonly ends: LogMoment[]
  seq: number
  last: LogMoment
}

const beginning: LogMoment = { time: { ms: 0, counter: 0 }, frontier: [] }

/** The block that an entry stands in. */
export const blockOf = (seq: number): number => Math.floor((seq - 1) / blockEntries)

export class LogTimes {
  readonly #replica: Replica
  readonly #logs = new Map<LogId, Known>()

  constructor(replica: Replica) {
    this.#replica = replica
    // A log may come back otherwise than it was.
    replica.onLoss(() => this.#logs.clear())
  }

  /** Takes in what came since the last call, a page at a time, so that the caller may pause between pages. */
  *catchUp(): Generator<number> {
    for (const { log, type, seq } of this.#replica.logs()) {
      if (type !== 'content') continue
      let known = this.#logs.get(log)
      if (!known || known.seq > seq) this.#logs.set(log, (known = { ends: [], seq: 0, last: beginning }))
      while (known.seq < seq) {
        const rows = this.#replica.store.read(log, known.seq, pageBytes)
        if (rows.length === 0) break
        for (const row of rows) {
          known.last = later(known.last, row)
          known.seq = row.seq
          if (row.seq % blockEntries === 0) known.ends.push(known.last)
        }
        yield rows.length
      }
    }
  }

  /** How many blocks a log has. */
  blocks(log: LogId): number {
    return Math.ceil((this.#logs.get(log)?.seq ?? 0) / blockEntries)
  }

  /** The time of the last entry of a block. */
  endOf(log: LogId, block: number): LogMoment {
    const known = this.#logs.get(log)
    return block < 0 ? beginning : (known?.ends[block] ?? known?.last ?? beginning)
  }

  /** The seq of the last entry of a block. */
  lastOf(log: LogId, block: number): number {
    return Math.min((block + 1) * blockEntries, this.#logs.get(log)?.seq ?? 0)
  }

  /** The first block that ends at this time or later, or the last; `strictly` later, since many entries may have one time. */
  blockAt(log: LogId, time: HybridTime, strictly: boolean): number {
    let [low, high] = [0, Math.max(0, this.blocks(log) - 1)]
    while (low < high) {
      const middle = (low + high) >> 1
      const order = compareTimes(this.endOf(log, middle).time, time)
      if (strictly ? order <= 0 : order < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The entries of a block, oldest first. */
  read(log: LogId, block: number): readonly TimedEntry[] {
    const entries: TimedEntry[] = []
    let moment = this.endOf(log, block - 1)
    const last = this.lastOf(log, block)
    for (let after = block * blockEntries; after < last; ) {
      const rows = this.#replica.store.read(log, after, blockBytes)
      if (rows.length === 0) break
      for (const row of rows) {
        after = row.seq
        if (row.seq > last) break
        moment = later(moment, row)
        entries.push({ ...row, ...moment })
      }
    }
    return entries
  }
}

function later(before: LogMoment, { bytes }: StoredEntry): LogMoment {
  const moment = readMoment(bytes)
  if (!moment) return before
  const goesOn = compareTimes(moment.clock, before.time) > 0
  return goesOn || moment.frontier ? { time: goesOn ? moment.clock : before.time, frontier: moment.frontier ?? before.frontier } : before
}
