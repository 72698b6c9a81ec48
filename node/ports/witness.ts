import type { EntryId, LogId } from '../../crdt/wire/ids.ts'

/** Where one of this device's own logs ends. */
export interface LogEnd {
  readonly log: LogId
  readonly seq: number
  readonly id: EntryId
}

/**
 * The proof that this device holds the end of its logs (rule D4): left at a clean stop in a place that no backup of
 * the profile and no reboot carries along, taken (and so destroyed) at the next start. Without it, or where it does
 * not fit the store, a new log is started.
 */
export interface Witness {
  take(mesh: string): readonly LogEnd[]
  leave(mesh: string, ends: readonly LogEnd[]): void
}

/** For processes that never resume a log: tests, and platforms without such a place. */
export const noWitness: Witness = { take: () => [], leave: () => {} }
