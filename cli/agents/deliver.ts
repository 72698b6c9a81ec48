/**
 * Delivery to a program that reads lines: attaches to the node, takes what arrives out of the inbox and
 * writes it, for as long as the reader lives. A node that is not there, goes away or comes back as another
 * version is waited for and never started from here: whoever stopped it wanted it stopped.
 */
import type { Notice } from '../../node/ports/services.ts'
import type { Timers } from '../../node/ports/runtime.ts'
import { AtollError, toAtollError } from '../../node/ports/errors.ts'
import type { Inbox, OpenInbox } from './inbox.ts'
import { frameNotice } from './frame-message.ts'
import { nextBatch, type BatchLimits } from './next-batch.ts'
import type { Pace } from './pace.ts'
import { pause } from './pause.ts'

/** From where, to whom, how fast. */
export interface Delivery {
  readonly open: OpenInbox
  readonly limits: BatchLimits
  readonly pace: Pace
  readonly timers: Timers
  /** Whether the reader is still there to read: what is taken for nobody would be lost. */
  readonly readerLives: () => boolean
  readonly write: (lines: readonly string[]) => void
  /** Told why there is no node, once for each reason. */
  readonly problem: (why: string) => void
}

/** How long between two attempts to reach the node: at first, and at most. */
const retryMs = { first: 250, most: 5_000 }

/** Resolves when the signal fires or the reader is gone. */
export async function deliver(delivery: Delivery, signal: AbortSignal): Promise<void> {
  const announced = new Set<string>()
  let wait = retryMs.first
  let said = ''
  while (!signal.aborted && delivery.readerLives()) {
    try {
      await using inbox = await delivery.open(signal)
      wait = retryMs.first
      said = ''
      await follow(inbox, delivery, announced, signal)
    } catch (error) {
      const why = toAtollError(error).message
      if (!signal.aborted && why !== said) delivery.problem(why)
      said = why
    }
    if (!(await pause(delivery.timers, wait, signal))) return
    wait = Math.min(wait * 2, retryMs.most)
  }
}

async function follow(inbox: Inbox, delivery: Delivery, announced: Set<string>, signal: AbortSignal): Promise<void> {
  // Asked for before the first look, so that nothing arrives between the two unseen.
  let arrived = Promise.withResolvers<void>()
  const notices: Notice[] = []
  const noticed = inbox.notices((notice) => {
    notices.push(notice)
    arrived.resolve()
  }, signal)
  const watching = Promise.all([inbox.watch(() => arrived.resolve(), signal), noticed]).then(() => {
    if (!signal.aborted) throw new AtollError('node_unreachable', { why: 'it stopped watching' })
  })
  for (;;) {
    // Rejects when the node goes away; without this race nobody would hear of it while lines are written.
    await Promise.race([watching, tell(notices, delivery, signal).then(() => drain(inbox, delivery, announced, signal))])
    await Promise.race([watching, arrived.promise])
    if (signal.aborted) return
    arrived = Promise.withResolvers()
  }
}

/** A line for what changed in the membership and one for who asks to be let in: told once, and to be asked for later by whoever missed it. */
async function tell(notices: Notice[], { limits, pace, readerLives, write }: Delivery, signal: AbortSignal): Promise<void> {
  for (let notice = notices.shift(); notice; notice = notices.shift()) {
    if (!(await pace.ready(signal)) || !readerLives()) return
    write(frameNotice(notice, limits.lineChars))
    pace.spend()
  }
}

/** Writes until nothing new waits. */
async function drain(inbox: Inbox, { limits, pace, readerLives, write }: Delivery, announced: Set<string>, signal: AbortSignal): Promise<void> {
  while ((await pace.ready(signal)) && readerLives()) {
    const lines = await nextBatch(inbox, limits, announced)
    if (lines.length === 0) return
    write(lines)
    pace.spend()
  }
}
