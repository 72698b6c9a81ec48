/** One call that waits for its time. */
export interface Waiting {
  readonly at: number
  readonly order: number
  readonly call: () => void
  /** A taken call may still be cancelled by one that runs before it at the same time. */
  state: 'waiting' | 'taken' | 'cancelled'
}

/** Calls by time, those of one time in the order in which they were added: a binary heap. */
export class WaitingQueue {
  #heap: Waiting[] = []
  #cancelled = 0
  #order = 0

  get size(): number {
    return this.#heap.length - this.#cancelled
  }

  add(at: number, call: () => void): Waiting {
    const waiting: Waiting = { at, order: this.#order++, call, state: 'waiting' }
    this.#heap.push(waiting)
    this.#up(this.#heap.length - 1)
    return waiting
  }

  cancel(waiting: Waiting): void {
    const inHeap = waiting.state === 'waiting'
    waiting.state = 'cancelled'
    if (!inHeap) return
    this.#cancelled++
    // Heartbeats cancel far more than ever fires: what is cancelled must not pile up until its time comes.
    if (this.#cancelled < 64 || this.#cancelled * 2 < this.#heap.length) return
    this.#heap = this.#heap.filter(({ state }) => state === 'waiting').toSorted((a, b) => (before(a, b) ? -1 : 1))
    this.#cancelled = 0
  }

  /** The time of the next call; undefined when none waits. */
  next(): number | undefined {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || first.state === 'waiting') return first?.at
      this.#removeFirst()
      this.#cancelled--
    }
  }

  /** Takes the next call if its time is at most `until`. */
  take(until: number): Waiting | undefined {
    const at = this.next()
    if (at === undefined || at > until) return undefined
    const first = this.#removeFirst()
    first.state = 'taken'
    return first
  }

  clear(): void {
    for (const waiting of this.#heap) waiting.state = 'cancelled'
    this.#heap = []
    this.#cancelled = 0
  }

  #removeFirst(): Waiting {
    const first = this.#heap[0] as Waiting
    const last = this.#heap.pop() as Waiting
    if (this.#heap.length > 0) {
      this.#heap[0] = last
      this.#down(0)
    }
    return first
  }

  #up(from: number): void {
    let i = from
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!this.#swapIf(i, parent)) return
      i = parent
    }
  }

  #down(from: number): void {
    let i = from
    for (;;) {
      const left = 2 * i + 1
      if (left >= this.#heap.length) return
      const right = left + 1
      const child = right < this.#heap.length && before(this.#heap[right] as Waiting, this.#heap[left] as Waiting) ? right : left
      if (!this.#swapIf(child, i)) return
      i = child
    }
  }

  #swapIf(child: number, parent: number): boolean {
    const a = this.#heap[child] as Waiting
    const b = this.#heap[parent] as Waiting
    if (!before(a, b)) return false
    this.#heap[child] = b
    this.#heap[parent] = a
    return true
  }
}

function before(a: Waiting, b: Waiting): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
