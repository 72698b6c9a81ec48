/** The giving side of a session: answers wants and pushes our own news, never beyond the credit the peer gave. */
import type { EntryId, LogId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import type { PeerHeads } from './peer-heads.ts'
import type { SyncReplica } from './ports.ts'

const runBytes = 96 * 1024
/** A branch is checked as a whole, so it travels in one frame. */
const largestRun = limits.frameBytes - 4096
const fetchesServed = 16
const wantsQueued = 4 * limits.wantsPerFrame

export class Server {
  readonly #replica: SyncReplica
  readonly #sendRun: (run: readonly Uint8Array[]) => void
  readonly #admitted: () => boolean
  /** What the peer asked for, in order: log to the seq it has. */
  readonly #wants = new Map<LogId, number>()
  #credit: number = limits.creditWindowBytes
  /** Bytes of entries that the peer has sent and we have not given credit back for. */
  #inbound = 0

  constructor(replica: SyncReplica, sendRun: (run: readonly Uint8Array[]) => void, admitted: () => boolean) {
    this.#replica = replica
    this.#sendRun = sendRun
    this.#admitted = admitted
  }

  /** @returns false when the peer asks for more than it may have queued */
  want(log: LogId, after: number): boolean {
    if (!this.#wants.has(log) && this.#wants.size >= wantsQueued) return false
    this.#wants.set(log, after)
    this.#serve()
    return true
  }

  /** Entries that the peer waits for and finds in no log that it is offered: as far as there is credit, for it asks again. */
  fetch(ids: readonly EntryId[]): void {
    if (!this.#admitted()) return
    for (const id of ids.slice(0, fetchesServed)) {
      if (this.#credit <= 0) return
      const run = this.#replica.readAround(id, runBytes)
      const size = run.reduce((sum, entry) => sum + entry.length, 0)
      if (run.length > 0 && size <= largestRun) this.#give(run, size)
    }
  }

  credit(bytes: number): void {
    this.#credit = Math.min(limits.creditWindowBytes, this.#credit + bytes)
    this.#serve()
  }

  /** Accounts for entries that arrived. @returns false when the peer exceeded its credit */
  mayReceive(bytes: number): boolean {
    this.#inbound += bytes
    return this.#inbound <= limits.creditWindowBytes + limits.frameBytes
  }

  received(bytes: number): void {
    this.#inbound -= bytes
  }

  /**
   * Pushes entries of our own that follow what the peer has; passes nothing on for others.
   * @returns the logs that were pushed in full
   */
  push(entries: readonly { readonly log: LogId; readonly seq: number; readonly own: boolean; readonly bytes: Uint8Array }[], peer: PeerHeads): Set<LogId> {
    const pushed = new Set<LogId>()
    const runs = new Map<LogId, { seq: number; run: Uint8Array[] }>()
    for (const { log, seq, own, bytes } of entries) {
      if (!own || this.#wants.has(log) || !this.#mayServe(log)) continue
      const run = runs.get(log)
      if (run) run.run.push(bytes)
      else runs.set(log, { seq, run: [bytes] })
    }
    for (const [log, { seq, run }] of runs) {
      const size = run.reduce((sum, bytes) => sum + bytes.length, 0)
      if (peer.reached(log) !== seq - 1 || size > this.#credit) continue
      this.#sendInFrames(run)
      const held = this.#replica.log(log)
      if (held) {
        peer.pushed(held)
        pushed.add(log)
      }
    }
    return pushed
  }

  #sendInFrames(run: readonly Uint8Array[]): void {
    let frame: Uint8Array[] = []
    let size = 0
    for (const bytes of run) {
      if (frame.length > 0 && (size + bytes.length > runBytes || frame.length >= limits.entriesPerFrame)) {
        this.#give(frame, size)
        frame = []
        size = 0
      }
      frame.push(bytes)
      size += bytes.length
    }
    if (frame.length > 0) this.#give(frame, size)
  }

  #give(run: readonly Uint8Array[], size: number): void {
    this.#credit -= size
    this.#sendRun(run)
  }

  #serve(): void {
    for (const [log, after] of this.#wants) {
      if (!this.#mayServe(log)) {
        this.#wants.delete(log)
        continue
      }
      for (let at = after; ; ) {
        if (this.#credit <= 0) return
        const run = this.#replica.readRun(log, at, runBytes)
        if (run.length === 0) {
          this.#wants.delete(log)
          break
        }
        at += run.length
        this.#wants.set(log, at)
        this.#give(run, run.reduce((sum, bytes) => sum + bytes.length, 0))
      }
    }
  }

  /** Former members may have the membership, which tells them that they are no longer in it; nothing else. */
  #mayServe(log: LogId): boolean {
    return this.#admitted() || this.#replica.log(log)?.type === 'membership'
  }
}
