/** Removes the members of tokens that have expired: the maker's node at once, those of others that may a minute later. */
import type { MemberId } from '../../../crdt/wire/ids.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { Replica } from '../replica/replica.ts'
import { pinsNow } from '../services/pins-now.ts'
import { mayRemove, tokensOf } from './tokens.ts'

const graceMs = 60_000
/** Timers go no further. */
const farMs = 2 ** 30

export class TokenExpiry implements Disposable {
  readonly #replica: Replica
  readonly #runtime: Runtime
  readonly #again: () => void
  #timer: Disposable | undefined

  /** @param again called when it is time to look again */
  constructor(replica: Replica, runtime: Runtime, again: () => void) {
    this.#replica = replica
    this.#runtime = runtime
    this.#again = again
  }

  async look(): Promise<void> {
    const { membership, identity } = this.#replica
    const own = membership.memberOf(identity.device)
    const open = tokensOf(this.#replica).filter(({ state }) => state.status === 'active' && mayRemove(this.#replica, state.id))
    const dueAt = open.map(({ by, expires, state }) => ({ member: state.id, at: by === own ? expires : expires + graceMs }))
    const now = this.#runtime.clock.now()
    for (const { member } of dueAt.filter(({ at }) => at <= now)) await removeMember(this.#replica, member)
    const next = Math.min(...dueAt.filter(({ at }) => at > now).map(({ at }) => at))
    this.#timer?.[Symbol.dispose]()
    this.#timer = Number.isFinite(next) ? this.#runtime.timers.after(Math.min(farMs, Math.max(1000, next - now)), this.#again) : undefined
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
  }
}

async function removeMember(replica: Replica, member: MemberId): Promise<void> {
  const pins = pinsNow(replica, (device) => replica.membership.memberOf(device) === member)
  await replica.operate(() => (mayRemove(replica, member) ? [{ type: 'remove', grant: replica.grant(), member, pins }] : []), { rotate: true })
}
