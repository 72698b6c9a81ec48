/** Time, chance and turns, passed in everywhere so that a simulator can own them. */
export interface Clock {
  /** Wall time, milliseconds since 1970 UTC. May jump either way. */
  now(): number
}

export interface Timers {
  /** Milliseconds that only grow, from an arbitrary start; they go on while a machine sleeps where the platform can. */
  elapsed(): number
  /** Calls back once after at least `ms`. */
  after(ms: number, call: () => void): Disposable
  /** Calls back after everything that is ready now has run: where commits group what queued meanwhile (rule D1). */
  soon(call: () => void): void
}

export interface Random {
  /** Fresh bytes from a cryptographic source (in the simulator from a seed). */
  bytes(length: number): Uint8Array
}

export interface Runtime {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
}
