import type { Duplex } from './duplex.ts'
import { encodeFrame, type Request, type Response } from './frames.ts'

/** Frames on their way out of one connection, in order, with a count of the bytes that wait. */
export class Outbox {
  readonly #duplex: Duplex
  readonly #waiting: Uint8Array[] = []
  #bytes = 0
  #pumping = false
  #broken = false
  #watchers: { readonly mark: number; readonly reached: () => void }[] = []

  constructor(duplex: Duplex) {
    this.#duplex = duplex
  }

  /** Bytes that the channel has not taken yet. */
  get bytes(): number {
    return this.#bytes
  }

  /** Queues a frame. Throws value_too_large; on a broken channel it does nothing, as its reader ends too. */
  push(frame: Request | Response): void {
    const bytes = encodeFrame(frame)
    if (this.#broken) return
    this.#waiting.push(bytes)
    this.#bytes += bytes.length
    if (!this.#pumping) void this.#pump()
  }

  /** Resolves when at most `mark` bytes wait, or the channel broke. */
  below(mark: number): Promise<void> {
    if (this.#bytes <= mark || this.#broken) return Promise.resolve()
    return new Promise((reached) => this.#watchers.push({ mark, reached }))
  }

  async #pump(): Promise<void> {
    this.#pumping = true
    try {
      for (let bytes = this.#waiting.shift(); bytes !== undefined; bytes = this.#waiting.shift()) {
        await this.#duplex.send(bytes)
        this.#bytes -= bytes.length
        this.#notify()
      }
    } catch {
      // The channel is gone. Whoever reads `incoming` sees it end and says so; here nothing can be sent any more.
      this.#broken = true
      this.#waiting.length = 0
      this.#bytes = 0
      this.#notify()
    }
    this.#pumping = false
  }

  #notify(): void {
    const due = this.#watchers.filter((watcher) => this.#bytes <= watcher.mark)
    if (due.length === 0) return
    this.#watchers = this.#watchers.filter((watcher) => this.#bytes > watcher.mark)
    for (const watcher of due) watcher.reached()
  }
}
