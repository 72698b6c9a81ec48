/** How much was sealed under each epoch since this replica was opened: the rotation's schedule asks for it. */
import type { EntryId } from '../../../crdt/wire/ids.ts'

export interface Volume {
  readonly entries: number
  readonly bytes: number
}

export class Volumes {
  readonly #byEpoch = new Map<EntryId, { entries: number; bytes: number }>()

  add(epoch: EntryId, bytes: number): void {
    const known = this.#byEpoch.get(epoch)
    if (!known) this.#byEpoch.set(epoch, { entries: 1, bytes })
    else {
      known.entries++
      known.bytes += bytes
    }
  }

  of(epoch: EntryId): Volume {
    return this.#byEpoch.get(epoch) ?? { entries: 0, bytes: 0 }
  }

  /** Forgets what was counted of an epoch, since somebody keeps it elsewhere now. @returns what was counted */
  take(epoch: EntryId): Volume {
    const taken = this.of(epoch)
    this.#byEpoch.delete(epoch)
    return taken
  }
}
