/** What the other side of a session holds, as far as it has said, and what it knows of us. */
import type { LogId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import type { AnnouncedHead } from './frames.ts'
import type { HeldLog, SyncReplica } from './ports.ts'

type Known = Pick<AnnouncedHead, 'log' | 'type' | 'device' | 'seq' | 'id' | 'forked'>

export class PeerHeads {
  readonly #replica: Pick<SyncReplica, 'logs' | 'log'>
  readonly #heads = new Map<LogId, Known>()
  /** Logs of which the peer held more than we did when it was last looked at: all that `lacking` has to go through. */
  readonly #beyond = new Set<LogId>()
  readonly #sent = new Map<LogId, number>()
  /** The seq of each of our logs that the peer was told we hold. */
  readonly #told = new Map<LogId, number>()

  constructor(replica: Pick<SyncReplica, 'logs' | 'log'>) {
    this.#replica = replica
  }

  get(log: LogId): Known | undefined {
    return this.#heads.get(log)
  }

  /** The seq that the peer has said it holds. */
  seq(log: LogId): number {
    return this.#heads.get(log)?.seq ?? 0
  }

  /** The seq up to which the peer has a log or has it on the way from us. */
  reached(log: LogId): number {
    return Math.max(this.seq(log), this.#sent.get(log) ?? 0)
  }

  /** The peer says that it holds a log up to here, durably. */
  announced(head: Known): void {
    if (!this.#heads.has(head.log) && this.#heads.size >= limits.logsPerMesh) return
    if (head.seq < this.seq(head.log)) return
    this.#heads.set(head.log, head)
    if (head.seq > (this.#replica.log(head.log)?.seq ?? 0)) this.#beyond.add(head.log)
  }

  /** The peer sent this, so it holds it: that much, and not what we hold by now from others (rule C4). */
  holds(end: Known): void {
    if (end.seq > this.seq(end.log)) this.announced(end)
  }

  /** We pushed a log up to where we hold it: it is on its way. Until the peer announces it, it is not held there. */
  pushed(held: HeldLog): void {
    this.#sent.set(held.log, held.seq)
    this.#told.set(held.log, held.seq)
  }

  /** Its digest is ours: it holds what we hold. What it knows of us is another matter. */
  becomeEqual(): void {
    for (const held of this.#replica.logs()) this.#heads.set(held.log, { ...held })
  }

  told(log: LogId, seq: number): void {
    this.#told.set(log, seq)
  }

  /** Whether the peer may not know that we hold this much. */
  toTell(held: HeldLog): boolean {
    return (this.#told.get(held.log) ?? 0) < held.seq
  }

  /** Logs of which the peer holds more than we do and can still be given. */
  lacking(): Known[] {
    const lacking: Known[] = []
    for (const log of this.#beyond) {
      const head = this.#heads.get(log)
      const held = this.#replica.log(log)
      if (!head || head.seq <= (held?.seq ?? 0)) this.#beyond.delete(log)
      else if (!held?.forked && held?.refused === undefined) lacking.push(head)
    }
    return lacking
  }

  /** Compares all anew: a replica that had to set damaged entries aside holds less than it did. */
  recount(): void {
    for (const head of this.#heads.values()) if (head.seq > (this.#replica.log(head.log)?.seq ?? 0)) this.#beyond.add(head.log)
  }

  /** Whether both sides have announced the same heads; logs that forked or were refused are out of the comparison. */
  isEqual(): boolean {
    for (const held of this.#replica.logs()) {
      if (held.forked || held.refused !== undefined) continue
      const head = this.#heads.get(held.log)
      if (head?.forked) continue
      if (head?.seq !== held.seq || head.id !== held.id) return false
    }
    return this.lacking().length === 0
  }
}
