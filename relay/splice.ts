import type { Stream } from '@libp2p/interface'
import type { RelayClock } from './relay-clock.ts'

/** How long the second half of a circuit may outlive the first, to hand over what is under way. */
const lingerMs = 30_000

export interface SpliceOptions {
  readonly clock: RelayClock
  /** A reader that takes nothing for so long ends the circuit. */
  readonly stallMs: number
  /** Called with every chunk that passes; returns for how many milliseconds its sender must wait. */
  readonly passed: (from: 'source' | 'destination', bytes: number) => number
  /** Called when a reader took nothing for too long. */
  readonly stalled: () => void
  /** Called once, when both halves are closed. */
  readonly ended: () => void
}

/**
 * Joins two streams into a circuit: what one end sends the other gets, half-closes and resets included. A reader
 * that does not keep up stops its sender; nothing is queued here beyond one window per direction (libp2p's own
 * `pipe` reads on while it waits, and so buffers without bound).
 */
export function splice(source: Stream, destination: Stream, options: SpliceOptions): void {
  const { clock, passed, ended } = options
  let open = 2
  const closed = (other: Stream) => (error: Error | undefined): void => {
    if (error !== undefined) other.abort(error)
    else clock.after(lingerMs, () => other.abort(new Error('the other end of the circuit is gone')))
    if (--open === 0) ended()
  }
  onClose(source, closed(destination))
  onClose(destination, closed(source))
  forward(source, destination, options, (bytes) => passed('source', bytes))
  forward(destination, source, options, (bytes) => passed('destination', bytes))
}

function onClose(stream: Stream, call: (error: Error | undefined) => void): void {
  if (stream.status === 'open' || stream.status === 'closing') stream.addEventListener('close', ({ error }) => call(error), { once: true })
  else queueMicrotask(() => call(new Error('closed before the circuit stood')))
}

function forward(from: Stream, to: Stream, { clock, stallMs, stalled }: SpliceOptions, passed: (bytes: number) => number): void {
  const waitingFor = new Set<'reader' | 'budget'>()
  let resuming = false
  let cancelStall = (): void => {}

  const awaitReader = (): void => {
    waitingFor.add('reader')
    cancelStall()
    cancelStall = clock.after(stallMs, () => {
      if (to.status !== 'open') return
      stalled()
      to.abort(new Error('the reader takes nothing'))
    })
  }

  /** Not while resume() hands out its buffer: it would grant the sender a new window right after our pause. */
  const settle = (): void => {
    if (resuming || from.readStatus === 'closing' || from.readStatus === 'closed') return
    if (waitingFor.size > 0) {
      from.pause()
      return
    }
    resuming = true
    from.resume()
    resuming = false
    if (waitingFor.size > 0) settle()
  }

  from.addEventListener('message', ({ data }) => {
    if (to.writeStatus !== 'writable') return // its reader is gone: 'close' or 'end' is on its way
    const wait = passed(data.byteLength)
    if (wait > 0 && !waitingFor.has('budget')) {
      waitingFor.add('budget')
      clock.after(wait, () => {
        waitingFor.delete('budget')
        settle()
      })
    }
    try {
      if (!to.send(data)) awaitReader()
    } catch (error) {
      from.abort(error instanceof Error ? error : new Error(String(error)))
      return
    }
    if (waitingFor.size > 0) settle()
  })

  // The stream's own listener for 'drain' sends what it holds in a microtask queued before this one.
  to.addEventListener('drain', () => queueMicrotask(() => {
    if (!waitingFor.has('reader')) return
    if (to.writableNeedsDrain) return awaitReader() // it took something, not yet all
    waitingFor.delete('reader')
    cancelStall()
    settle()
  }))
  to.addEventListener('close', () => cancelStall(), { once: true })

  const finish = (): void => {
    to.close().catch((error: unknown) => to.abort(error instanceof Error ? error : new Error(String(error))))
  }
  if (from.readableEnded) finish()
  else from.addEventListener('end', finish, { once: true })
}
