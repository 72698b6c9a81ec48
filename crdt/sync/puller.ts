/** The taking side of a session: decides what to ask the peer for, membership before content, each log from one peer at a time. */
import type { LogId } from '../wire/ids.ts'
import type { PeerHeads } from './peer-heads.ts'
import type { SessionHandle, SyncHost, SyncReplica } from './ports.ts'

const wantsInFlight = 256
const stalledAfterMs = 10_000
/** For so long a log that did not move is left to other peers: or one that promises and does not give would keep it from us. */
const leftToOthersMs = 5_000
/** Every so many beats everything the peer announced is compared anew. */
const recountBeats = 6
/** How long news of a log may wait for its author, who is connected too, to push it. */
const authorsHeadStartMs = 250

export class Puller {
  readonly #session: SessionHandle
  readonly #peer: PeerHeads
  readonly #replica: SyncReplica
  readonly #host: SyncHost
  readonly #want: (logs: readonly { readonly log: LogId; readonly after: number }[]) => void
  /** What we asked for, up to which seq, how much of it we held, and when that last grew. */
  readonly #asked = new Map<LogId, { upTo: number; held: number; at: number }>()
  /** Logs that did not move, and since when. */
  readonly #stalled = new Map<LogId, number>()
  /** Logs that wait for membership which has not come yet. */
  readonly #blocked = new Set<LogId>()
  /** Logs whose author was given time to push. */
  readonly #patience = new Set<LogId>()
  #later: Disposable | undefined
  #beats = 0

  constructor(session: SessionHandle, peer: PeerHeads, replica: SyncReplica, host: SyncHost, want: (logs: readonly { readonly log: LogId; readonly after: number }[]) => void) {
    this.#session = session
    this.#peer = peer
    this.#replica = replica
    this.#host = host
    this.#want = want
  }

  stop(): void {
    this.#later?.[Symbol.dispose]()
    for (const log of [...this.#asked.keys()]) this.#release(log)
  }

  /** Asks for what the peer holds and we lack, as far as nobody else is being asked for it. */
  plan(): void {
    if (this.#session.isClosed || this.#asked.size >= wantsInFlight) return
    const lacking = this.#peer.lacking().filter(({ log }) => !this.#asked.has(log) && !this.#blocked.has(log) && !this.#isStalled(log))
    const membership = lacking.filter(({ type }) => type === 'membership')
    const wanted: { log: LogId; after: number }[] = []
    let later = false
    for (const head of membership.length > 0 || this.#asksMembership() ? membership : lacking) {
      if (wanted.length + this.#asked.size >= wantsInFlight) break
      // Its author is about to push it, or is doing so.
      if (head.device !== this.#session.remote && this.#host.isDirect(head.device) && !this.#patience.has(head.log)) {
        this.#patience.add(head.log)
        later = true
      } else if (!this.#host.claim(head.log, this.#session)) later = true
      else {
        const after = this.#replica.log(head.log)?.seq ?? 0
        this.#asked.set(head.log, { upTo: head.seq, held: after, at: this.#host.elapsed() })
        wanted.push({ log: head.log, after })
      }
    }
    if (wanted.length > 0) this.#want(wanted)
    if (later) this.#planLater()
    else if (lacking.length === 0) this.#patience.clear()
  }

  /** Entries of a log were taken in, or could not be because something before them is missing, or was a moment ago. */
  arrived(log: LogId, outcome: 'placed' | 'waiting' | 'try again'): void {
    const held = this.#replica.log(log)
    const asked = this.#asked.get(log)
    if (outcome === 'waiting') this.#blocked.add(log)
    if (asked && (outcome !== 'placed' || !held || held.seq >= asked.upTo || held.forked || held.refused !== undefined)) this.#release(log)
    else if (asked && held && held.seq > asked.held) Object.assign(asked, { held: held.seq, at: this.#host.elapsed() })
    this.plan()
  }

  /** Membership came: what waited for it may be asked for again. */
  unblock(): void {
    this.#blocked.clear()
    this.#planLater()
  }

  /** From time to time: gives up on what does not move, so that another peer may be asked. */
  beat(): void {
    const now = this.#host.elapsed()
    if (++this.#beats % recountBeats === 0) this.#peer.recount()
    for (const [log, since] of this.#stalled) if (now - since >= leftToOthersMs) this.#stalled.delete(log)
    for (const [log, { at }] of [...this.#asked]) {
      if (now - at <= stalledAfterMs) continue
      this.#release(log)
      this.#stalled.set(log, now)
    }
    this.plan()
  }

  #planLater(): void {
    this.#later ??= this.#host.after(authorsHeadStartMs * (1 + this.#host.jitter()), () => {
      this.#later = undefined
      this.plan()
    })
  }

  #isStalled(log: LogId): boolean {
    const since = this.#stalled.get(log)
    return since !== undefined && this.#host.elapsed() - since < leftToOthersMs
  }

  #asksMembership(): boolean {
    for (const log of this.#asked.keys()) if (this.#peer.get(log)?.type === 'membership') return true
    return false
  }

  #release(log: LogId): void {
    this.#asked.delete(log)
    this.#host.release(log, this.#session)
  }
}
