/** Entries whose epoch's key has not come yet, by epoch, in the order they came. */
import type { EntryId } from '../../../crdt/wire/ids.ts'

export class Unopened {
  readonly #byEpoch = new Map<EntryId, Set<EntryId>>()
  readonly #ids = new Set<EntryId>()

  ids(): Iterable<EntryId> {
    return this.#ids
  }

  has(id: EntryId): boolean {
    return this.#ids.has(id)
  }

  add(epoch: EntryId, id: EntryId): void {
    const waiting = this.#byEpoch.get(epoch)
    if (waiting) waiting.add(id)
    else this.#byEpoch.set(epoch, new Set([id]))
    this.#ids.add(id)
  }

  /** Everything that waits for an epoch's key; it waits no longer. */
  take(epoch: EntryId): readonly EntryId[] {
    const waiting = [...(this.#byEpoch.get(epoch) ?? [])]
    this.#byEpoch.delete(epoch)
    for (const id of waiting) this.#ids.delete(id)
    return waiting
  }

  clear(): void {
    this.#byEpoch.clear()
    this.#ids.clear()
  }
}
