/** Ctrl-C and SIGTERM as a signal: the first asks the command to end, the second ends the process. */
export interface Interruptions extends Disposable {
  readonly signal: AbortSignal
  /** What interrupted, if anything has. */
  by(): 'SIGINT' | 'SIGTERM' | null
  /** How long the command may take to end; 2 s when undefined. */
  allow(stopWithinMs: number | undefined): void
}

const usualMs = 2_000

/** Listens on the process until disposed. */
export function interruptions(process: NodeJS.Process): Interruptions {
  const abort = new AbortController()
  let by: 'SIGINT' | 'SIGTERM' | null = null
  let stopWithinMs = usualMs
  const on = (name: 'SIGINT' | 'SIGTERM') => () => {
    const status = name === 'SIGINT' ? 130 : 143
    if (by !== null) process.exit(status)
    by = name
    abort.abort()
    setTimeout(() => process.exit(status), stopWithinMs).unref()
  }
  const listeners = [['SIGINT', on('SIGINT')], ['SIGTERM', on('SIGTERM')]] as const
  for (const [name, listener] of listeners) process.on(name, listener)
  return {
    signal: abort.signal,
    by: () => by,
    allow: (milliseconds = usualMs) => void (stopWithinMs = milliseconds),
    [Symbol.dispose]: () => {
      for (const [name, listener] of listeners) process.off(name, listener)
    },
  }
}
