/** What delivery to an agent needs of the node; tests give it from memory. */
import type { Message, Notice } from '../../node/ports/services.ts'

/** The messages that wait for one session. */
export interface Inbox extends AsyncDisposable {
  /** What waits to be shown unasked, oldest first; never `low`, which is only for the asking. Takes nothing. */
  waiting(limit: number): Promise<readonly Message[]>
  /**
   * Takes these out of the inbox, save what somebody else has taken meanwhile. What is answered is the caller's
   * to show, and nobody else's.
   */
  take(messages: readonly Message[]): Promise<readonly Message[]>
  /** Calls back with members coming and going. Ends with the signal; rejects when the node goes away. */
  notices(on: (notice: Notice) => void, signal: AbortSignal): Promise<void>
  /** Calls back when something may have arrived. Ends with the signal; rejects when the node goes away. */
  watch(arrived: () => void, signal: AbortSignal): Promise<void>
}

/** Attaches to the node that runs; rejects with node_unreachable where none does. */
export type OpenInbox = (signal: AbortSignal) => Promise<Inbox>
