/** Entries whose epoch's key has not come yet, or never will, by epoch, in the order they came. */
import type { EntryId, LogId } from '../../../crdt/wire/ids.ts'

interface Place {
  readonly log: LogId
  readonly seq: number
}

export class Unopened {
  readonly #byEpoch = new Map<EntryId, Map<EntryId, Place>>()
  readonly #ids = new Map<EntryId, EntryId>()
  /** The first of each log; worked out anew once some were opened. */
  #first: Map<LogId, number> | undefined = new Map()

  get size(): number {
    return this.#ids.size
  }

  has(id: EntryId): boolean {
    return this.#ids.has(id)
  }

  epochOf(id: EntryId): EntryId | undefined {
    return this.#ids.get(id)
  }

  /** The seq of the first of a log, of epochs that are meant; Infinity where there is none. */
  firstOf(log: LogId, isMeant?: (epoch: EntryId) => boolean): number {
    if (!isMeant) return (this.#first ??= this.#firsts()).get(log) ?? Infinity
    return this.#firsts(isMeant).get(log) ?? Infinity
  }

  add(epoch: EntryId, id: EntryId, place: Place): void {
    const waiting = this.#byEpoch.get(epoch)
    if (waiting) waiting.set(id, place)
    else this.#byEpoch.set(epoch, new Map([[id, place]]))
    this.#ids.set(id, epoch)
    if (this.#first && place.seq < (this.#first.get(place.log) ?? Infinity)) this.#first.set(place.log, place.seq)
  }

  /** Everything that waits for an epoch's key; it waits no longer. */
  take(epoch: EntryId): readonly EntryId[] {
    const waiting = [...(this.#byEpoch.get(epoch)?.keys() ?? [])]
    this.#byEpoch.delete(epoch)
    for (const id of waiting) this.#ids.delete(id)
    this.#first = undefined
    return waiting
  }

  clear(): void {
    this.#byEpoch.clear()
    this.#ids.clear()
    this.#first = new Map()
  }

  #firsts(isMeant: (epoch: EntryId) => boolean = () => true): Map<LogId, number> {
    const first = new Map<LogId, number>()
    for (const [epoch, places] of this.#byEpoch) {
      if (!isMeant(epoch)) continue
      for (const { log, seq } of places.values()) if (seq < (first.get(log) ?? Infinity)) first.set(log, seq)
    }
    return first
  }
}
