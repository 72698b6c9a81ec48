/** Time as the relay sees it; tests pass their own. */
export interface RelayClock {
  /** Milliseconds since 1970 UTC. */
  now(): number
  /** Calls back once, `ms` later, unless the returned function was called before. Keeps no process alive. */
  after(ms: number, call: () => void): () => void
}

export const systemClock: RelayClock = {
  now: () => Date.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
