import type { Message } from '../../node/ports/services.ts'
import { announceMessage, frameMessage } from './frame-message.ts'
import type { Inbox } from './inbox.ts'

/** What the reader at the other end takes in one go, in UTF-16 units. */
export interface BatchLimits {
  readonly messages: number
  /** A longer message is announced instead of shown. */
  readonly lineChars: number
  /** Of all lines together, line ends included; a single longer line that `lineChars` allows is let through. */
  readonly chars: number
}

/** As much as an announcement shows where lines may be of any length. */
const announcementChars = 490

/**
 * The next lines to show an agent, taken out of the inbox; none when nothing new waits. What is too long, or
 * cannot be taken, stays there to be read with check_messages and is announced once: `announced` remembers
 * that from call to call.
 */
export async function nextBatch(inbox: Inbox, limits: BatchLimits, announced: Set<string>): Promise<readonly string[]> {
  // What was announced stays in front until the agent reads it: it must not hide what came after.
  const waiting = await inbox.waiting(limits.messages + announced.size)
  forget(announced, waiting)
  const fresh = waiting.filter(({ id }) => !announced.has(id))
  const short = fresh.filter((message) => frameMessage(message).length <= limits.lineChars)
  const wanted = whatFits(short.map((message) => [message, frameMessage(message)]), limits.chars)
  const taken = wanted.length === 0 ? [] : await inbox.take(wanted.map(([message]) => message))
  const lines = taken.map(frameMessage)
  if (lines.length > 0) return lines

  const stuck = wanted.length === 0 ? fresh : (await inbox.waiting(limits.messages + announced.size)).filter(({ id }) => !announced.has(id))
  const announcing = whatFits(stuck.map((message) => [message, announceMessage(message, Math.min(limits.lineChars, announcementChars))]), limits.chars)
  for (const [message] of announcing) announced.add(message.id)
  return announcing.map(([, line]) => line)
}

/** The first of them that fit together; the very first in any case. */
function whatFits(lines: readonly (readonly [Message, string])[], chars: number): readonly (readonly [Message, string])[] {
  let room = chars
  const beyond = lines.findIndex(([, line], i) => (room -= line.length + 1) < -1 && i > 0)
  return beyond < 0 ? lines : lines.slice(0, beyond)
}

function forget(announced: Set<string>, waiting: readonly Message[]): void {
  const ids = new Set(waiting.map(({ id }) => id))
  for (const id of announced) if (!ids.has(id)) announced.delete(id)
}
