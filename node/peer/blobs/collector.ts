/** Forgets, now and then, what no file that is kept here needs. */
import type { BlobId } from '../../../crdt/wire/ids.ts'
import type { BlobStore, Swept } from '../../ports/blobs.ts'
import type { Log } from '../../ports/log.ts'
import type { Runtime } from '../../ports/runtime.ts'

const hour = 3_600_000
/** Chunks stay so long after they were put or used, whoever needs them: a fetch that was broken off may be repeated. */
export const graceMs = 24 * hour
/** Not at once: a start has other things to do. */
const firstMs = hour / 6
const everyMs = 6 * hour

export interface CollectorNeeds {
  readonly store: Pick<BlobStore, 'sweep'>
  readonly runtime: Runtime
  readonly log: Log
  /** All chunks that are needed; undefined where that cannot be told now, and then nothing is collected. */
  readonly live: () => AsyncIterable<readonly BlobId[]> | undefined
}

export class Collector implements AsyncDisposable {
  readonly #needs: CollectorNeeds
  readonly #stop = new AbortController()
  #timer: Disposable | undefined
  #running: Promise<unknown> = Promise.resolve()

  constructor(needs: CollectorNeeds) {
    this.#needs = needs
    this.#after(firstMs)
  }

  /** Collects now. @returns undefined where nothing could be collected */
  async collect(): Promise<Swept | undefined> {
    const { store, runtime, log, live } = this.#needs
    const needed = live()
    if (!needed) return undefined
    const swept = await store.sweep(needed, runtime.clock.now() - graceMs, this.#stop.signal)
    if (swept.chunks > 0 || swept.freedBytes > 0) log.info('blobs_collected', { ...swept })
    return swept
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('stopping'))
    this.#timer?.[Symbol.dispose]()
    await this.#running
  }

  #after(ms: number): void {
    this.#timer = this.#needs.runtime.timers.after(ms, () => {
      this.#running = this.collect().catch((error: unknown) => this.#needs.log.warn('blobs_not_collected', { why: String(error) })).finally(() => {
        if (!this.#stop.signal.aborted) this.#after(everyMs)
      })
    })
  }
}
