/** A mesh's membership history from a member to somebody who has none of it, in a join or a recovery. */
import { bytes, list, struct } from '../../../crdt/wire/codec.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError } from '../../ports/errors.ts'
import type { FrameStream } from '../../ports/network.ts'
import type { Replica } from '../replica/replica.ts'

const runBytes = 96 * 1024
/** What an entry or a run counts for beside its bytes. */
const itemCost = 64

/** A run of one log at a time. */
export const historyFields = struct({ run: list(bytes(limits.entryBytes), limits.entriesPerFrame) })
export const historyEndFields = struct({})

export type HistoryFrame = { readonly type: 'history'; readonly run: readonly Uint8Array[] } | { readonly type: 'historyEnd' }

/** Shows the membership logs beyond what was shown before. @returns how far each was shown */
export async function sendHistory(talk: { readonly stream: FrameStream; send(frame: HistoryFrame): void }, replica: Replica, before: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, number>> {
  const shown = new Map(before)
  for (const { log, type } of replica.logs()) {
    if (type !== 'membership') continue
    for (let after = before.get(log) ?? 0; ; shown.set(log, after)) {
      const run = replica.readRun(log, after, runBytes)
      if (run.length === 0) break
      talk.send({ type: 'history', run })
      // All of it may be more than a stream holds unsent.
      await talk.stream.room()
      after += run.length
    }
  }
  talk.send({ type: 'historyEnd' })
  return shown
}

/**
 * Takes what a member shows, once it has ended. Throws history_stale where it does not hold together.
 * @param next the next frame; throws where it is another
 */
export async function takeHistory(next: () => Promise<HistoryFrame>, replica: Replica): Promise<void> {
  let waiting: (readonly Uint8Array[])[] = []
  let bytes = 0
  for (let frame = await next(); frame.type === 'history'; frame = await next()) {
    // Whoever answers may be anybody that a relay named: it is believed only when it has ended.
    bytes += frame.run.reduce((sum, entry) => sum + entry.length + itemCost, itemCost)
    if (bytes > limits.joinHistoryBytes) throw new AtollError('history_stale')
    waiting.push(frame.run)
  }
  // Logs come in any order, and each may build on the others: what has to wait is tried again while anything is placed.
  for (let placed = true; placed && waiting.length > 0; ) {
    placed = false
    const later: (readonly Uint8Array[])[] = []
    for (const run of waiting) {
      const intake = await replica.receive(run)
      if (intake.problem) throw new AtollError('history_stale')
      if (intake.placed > 0) placed = true
      if (intake.waiting) later.push(run)
    }
    waiting = later
  }
}
