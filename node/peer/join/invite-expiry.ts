import type { Runtime } from '../../ports/runtime.ts'
import type { Replica } from '../replica/replica.ts'
import { invitesOf } from './invites.ts'

/** The inviter's node closes what is spent or expired (DESIGN: invites). */
export class InviteExpiry implements Disposable {
  readonly #replica: Replica
  readonly #runtime: Runtime
  readonly #due: () => void
  #timer: Disposable | undefined

  /** @param due called when the next invite expires: it is time to look again */
  constructor(replica: Replica, runtime: Runtime, due: () => void) {
    this.#replica = replica
    this.#runtime = runtime
    this.#due = due
  }

  async look(): Promise<void> {
    const { identity } = this.#replica
    const now = this.#runtime.clock.now()
    const mine = invitesOf(this.#replica).filter(({ by, closed }) => by === identity.device && closed === undefined)
    const due = mine.filter(({ used, op }) => used >= op.uses || (op.expires > 0 && now > op.expires))
    if (due.length > 0) await this.#replica.operate(() => due.map(({ opened, used, op }) => ({ type: 'close' as const, grant: this.#replica.grant(), opened, reason: used >= op.uses ? ('spent' as const) : ('expired' as const) })))
    const next = Math.min(...mine.filter((invite) => !due.includes(invite)).map(({ op }) => op.expires))
    this.#timer?.[Symbol.dispose]()
    if (Number.isFinite(next)) this.#timer = this.#runtime.timers.after(Math.min(2 ** 30, Math.max(1000, next - now)), this.#due)
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
  }
}
