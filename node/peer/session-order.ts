/** Which of two sessions between the same peers stays: both sides must keep the same one, or each closes what the other keeps. */
import type { DeviceId } from '../../crdt/wire/ids.ts'

/**
 * Two who open to each other at once know of it after this, beside what the handshake took: a second stream comes in two
 * round trips after the first began. Who opens later has lost the session that still seems to stand here.
 */
const atOnceMs = 500

/** Who opened a stream, and since when: this device's from when it set out to open it, another's from when it came. */
export interface Begun {
  readonly opener: DeviceId
  readonly since: number
}

/** How the session that stands began. */
export interface Beginning extends Begun {
  /** Whether its peer had a place in the mesh when that was last looked at. */
  admitted: boolean
  readonly at: number
  readonly handshakeMs: number
}

/**
 * Whether the same side opened the session that stands later, over a better path: handshakes may end in another order
 * than they began. Both sides keep the newer.
 */
export function isOvertaken(present: Begun | undefined, { opener, since }: Begun): boolean {
  return present?.opener === opener && present.since > since
}

/** Whether both sides opened at once: then the stream of the lower id stays. @param now as of this device's timers */
export function wereAtOnce(present: Beginning | undefined, { opener, since }: Begun, self: DeviceId, now: number): boolean {
  if (present === undefined || present.opener >= opener) return false
  return opener === self ? since <= present.at : now - present.at < atOnceMs + present.handshakeMs
}
