/** How Claude Code reads a monitor (2.1.330), and how far below that the monitor keeps. */
import type { BatchLimits } from '../next-batch.ts'
import type { PaceOptions } from '../pace.ts'

/** It cuts a line after 500 characters and what comes within 200 ms after 3000. */
export const monitorLimits: BatchLimits = { messages: 20, lineChars: 490, chars: 2_900 }

/** It has ten turns, gets one back every 2 s, drops what comes without, and ends a monitor that goes on so for 30 s. */
export const monitorPace: PaceOptions = { burst: 8, refillMs: 2_200 }
