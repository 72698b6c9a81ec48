/** What this replica holds of each log, in memory: the heads that sync announces and the ends its own writing continues. */
import type { Entry } from '../../../crdt/log/entry.ts'
import type { DeviceId, EntryId, LogId } from '../../../crdt/wire/ids.ts'

export interface LogState {
  readonly log: LogId
  readonly type: 'content' | 'membership'
  readonly device: DeviceId
  seq: number
  id: EntryId
  /** The membership frontier in force at its newest entry (content logs). */
  frontier: readonly EntryId[]
  /** Why its next entry was refused for good; nothing more is asked of it. */
  refused: string | undefined
  /** Two entries with one seq were seen (rule T7): only what it holds already stays. */
  forked: boolean
}

export class LogTable {
  readonly #logs = new Map<LogId, LogState>()

  get(log: LogId): LogState | undefined {
    return this.#logs.get(log)
  }

  get size(): number {
    return this.#logs.size
  }

  values(): IterableIterator<LogState> {
    return this.#logs.values()
  }

  add(state: LogState): void {
    this.#logs.set(state.log, state)
  }

  /** Takes note of a log's next entry. */
  advance(entry: Entry, frontier: readonly EntryId[]): LogState {
    const known = this.#logs.get(entry.log)
    if (known) {
      known.seq = entry.seq
      known.id = entry.id
      known.frontier = frontier
      return known
    }
    const state: LogState = { log: entry.log, type: entry.type, device: entry.device, seq: entry.seq, id: entry.id, frontier, refused: undefined, forked: false }
    this.#logs.set(entry.log, state)
    return state
  }

  clear(): void {
    this.#logs.clear()
  }
}
