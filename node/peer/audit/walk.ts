/** Goes through everything that was written, in the order of its time, however many logs it stands in. */
import { compareTimes, type HybridTime } from '../../../crdt/log/clock.ts'
import type { MemberEntry } from '../../../crdt/members/history.ts'
import type { Membership } from '../../../crdt/members/membership.ts'
import type { LogId } from '../../../crdt/wire/ids.ts'
import type { LogTimes, TimedEntry } from './log-times.ts'

/** Where something stands in the order: the same at every peer that holds the same (rule C1). */
export interface Place {
  readonly time: HybridTime
  readonly log: string
  readonly seq: number
}

/** An entry of a content log, or the position of one in the membership history. */
export type Found = { readonly place: Place; readonly content: TimedEntry & { readonly log: LogId } } | { readonly place: Place; readonly membership: number }

export interface Walk {
  readonly newestFirst: boolean
  /** Begin behind this place. */
  readonly after: Place | undefined
  /** Bounds of the time, in milliseconds. */
  readonly since: number
  readonly until: number
  /** The content logs that are gone through. */
  readonly logs: readonly LogId[]
  /** The positions of the membership entries among them. */
  readonly membership: readonly number[]
}

export function comparePlaces(a: Place, b: Place): number {
  return compareTimes(a.time, b.time) || (a.log < b.log ? -1 : a.log > b.log ? 1 : a.seq - b.seq)
}

/** What the next of a source is, or, until it is read, what it is not before. */
interface Source {
  next(): { readonly place: Place; readonly found: Found | undefined } | undefined
  /** Goes on behind what `next` found, or reads what it is. */
  step(): void
}

export function* walk({ newestFirst, after, since, until, logs, membership }: Walk, times: LogTimes, history: MembershipTimes): Generator<Found> {
  const start: Place = newestFirst ? { time: { ms: until, counter: Infinity }, log: 'g', seq: 0 } : { time: { ms: since, counter: -1 }, log: '', seq: 0 }
  const sign = newestFirst ? -1 : 1
  const from = after && sign * comparePlaces(after, start) > 0 ? after : start
  const isBehind = (place: Place): boolean => sign * comparePlaces(place, from) > 0
  const sources = [...logs.map((log) => logSource(log, times, from, newestFirst, isBehind)), membershipSource(membership, history, newestFirst, isBehind)]
  for (;;) {
    let first: { readonly source: Source; readonly place: Place; readonly found: Found | undefined } | undefined
    for (const source of sources) {
      const next = source.next()
      if (next && (!first || sign * comparePlaces(next.place, first.place) < 0)) first = { source, ...next }
    }
    if (!first || (newestFirst ? first.place.time.ms < since : first.place.time.ms > until)) return
    if (first.found) yield first.found
    first.source.step()
  }
}

function logSource(log: LogId, times: LogTimes, from: Place, newestFirst: boolean, isBehind: (place: Place) => boolean): Source {
  const blocks = times.blocks(log)
  let block = times.blockAt(log, from.time, newestFirst)
  let rows: Found[] | undefined
  const bound = (): Place => (newestFirst ? { time: times.endOf(log, block).time, log, seq: times.lastOf(log, block) } : { time: times.endOf(log, block - 1).time, log, seq: 0 })
  return {
    next() {
      const found = rows?.at(-1)
      if (found) return { place: found.place, found }
      return block < 0 || block >= blocks ? undefined : { place: bound(), found: undefined }
    },
    step() {
      if (rows) rows.pop()
      else {
        const read = times.read(log, block).map((row): Found => ({ place: { time: row.time, log, seq: row.seq }, content: { ...row, log } }))
        // What is next stands at the end.
        rows = (newestFirst ? read : read.reverse()).filter(({ place }) => isBehind(place))
      }
      if (rows.length > 0) return
      rows = undefined
      block += newestFirst ? -1 : 1
    },
  }
}

function membershipSource(positions: readonly number[], history: MembershipTimes, newestFirst: boolean, isBehind: (place: Place) => boolean): Source {
  const rows = positions.map((at): Found => ({ place: history.place(at), membership: at })).filter(({ place }) => isBehind(place))
  rows.sort((a, b) => (newestFirst ? 1 : -1) * comparePlaces(a.place, b.place))
  return {
    next() {
      const found = rows.at(-1)
      return found && { place: found.place, found }
    },
    step: () => void rows.pop(),
  }
}

/** The times of membership entries, as those of content; of two that have the same the one that knew more is the later. */
export class MembershipTimes {
  readonly #membership: Membership
  readonly #ms: number[] = []

  constructor(membership: Membership) {
    this.#membership = membership
  }

  place(at: number): Place {
    const { history } = this.#membership
    while (this.#ms.length <= at) {
      const entry = history.entries[this.#ms.length] as MemberEntry
      const before = entry.parents.map((parent) => history.at(parent) ?? -1).find((parent) => history.entries[parent]?.log === entry.log)
      this.#ms.push(Math.max(entry.ms, this.#ms[before ?? -1] ?? 0))
    }
    const { log, id, seq } = history.entries[at] as MemberEntry
    // Of a log that its device forked two may have one number: their ids keep them apart.
    return { time: { ms: this.#ms[at] as number, counter: history.depths[at] as number }, log: log + id, seq }
  }
}
