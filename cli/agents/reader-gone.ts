import type { Timers } from '../../node/ports/runtime.ts'
import { pause } from './pause.ts'

/** How often to look: a session whose agent was killed is gone from `peers` this much later. */
const lookMs = 2_000

/**
 * Resolves when the agent that started this process is gone, or the signal fires. An agent that is killed
 * tells nobody, and a process that only writes when a message comes would outlive it for good.
 */
export async function readerGone(lives: () => boolean, timers: Timers, signal: AbortSignal): Promise<void> {
  while (lives() && (await pause(timers, lookMs, signal)));
}
