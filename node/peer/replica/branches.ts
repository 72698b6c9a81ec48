/**
 * The other branches of logs whose device signed two entries with one seq (rule T7): kept as evidence, which by itself
 * voids nothing and adds nothing. What standing entries of others build on is taken from here.
 */
import { readEntry, type Entry } from '../../../crdt/log/entry.ts'
import type { EntryId, LogId } from '../../../crdt/wire/ids.ts'
import type { MeshStore } from '../../ports/store.ts'

/** A device that forks for ever is cut short; what more it signed is not kept. */
const branchesPerLog = 64

/** A branch from the first entry that stands in another's place, to one whose signature was checked. */
export type Branch = readonly Entry[]

export class Branches {
  #byLog = new Map<LogId, Branch[]>()
  #byEntry = new Map<EntryId, Branch>()

  load(store: MeshStore): void {
    this.#byLog = new Map()
    this.#byEntry = new Map()
    for (const { run } of store.evidence()) {
      const entries = run.flatMap((bytes) => {
        const read = readEntry(bytes)
        return read.ok ? [read.entry] : []
      })
      if (entries.length > 0) this.#keep(entries)
    }
  }

  logs(): Iterable<LogId> {
    return this.#byLog.keys()
  }

  /** The branch that an entry stands in. */
  with(id: EntryId): Branch | undefined {
    return this.#byEntry.get(id)
  }

  /** Takes note of a branch. @returns false when it says nothing new, or there are too many */
  add(branch: Branch): boolean {
    const [first, last] = [branch[0] as Entry, branch.at(-1) as Entry]
    if (this.#byEntry.has(last.id)) return false
    const known = this.#byLog.get(first.log) ?? []
    const grown = known.some((one) => isStartOf(one, branch))
    if (!grown && known.length >= branchesPerLog) return false
    this.#keep(branch)
    return true
  }

  #keep(branch: Branch): void {
    const { log } = branch[0] as Entry
    const others = (this.#byLog.get(log) ?? []).filter((one) => !isStartOf(one, branch))
    this.#byLog.set(log, [...others, branch])
    for (const { id } of branch) this.#byEntry.set(id, branch)
  }
}

function isStartOf(start: Branch, branch: Branch): boolean {
  return start.length <= branch.length && start.every(({ id }, i) => branch[i]?.id === id)
}
