import type { Timers } from '../ports/runtime.ts'
import type { LinkView } from './memory-network-link.ts'
import type { MemoryStream } from './memory-network-stream.ts'

/** Heartbeats notice a dead connection in this time. */
const heartbeatMs = 15_000

/** One end of a connection: who holds it hears when it is gone. */
export interface ConnectionEnd {
  readonly link: LinkView
  /** Called once, when this end has noticed that the connection is gone. */
  readonly lost: (why: string) => void
}

/** A connection between two peers; each end notices its loss in its own time. */
export class MemoryConnection {
  readonly #timers: Timers
  readonly #ends: readonly [ConnectionEnd, ConnectionEnd]
  readonly #up: [boolean, boolean] = [true, true]
  readonly #streams = new Set<readonly [MemoryStream, MemoryStream]>()
  #silence: Disposable | undefined

  constructor(timers: Timers, dialler: ConnectionEnd, answerer: ConnectionEnd) {
    this.#timers = timers
    this.#ends = [dialler, answerer]
  }

  /** Whether neither end has given it up. */
  get open(): boolean {
    return this.#up[0] && this.#up[1]
  }

  /** Whether both ends know that it is no more. */
  get gone(): boolean {
    return !this.#up[0] && !this.#up[1]
  }

  /** Both ends of a stream over it, the dialler's first. */
  add(ends: readonly [MemoryStream, MemoryStream]): void {
    for (const known of this.#streams) if (!known[0].open && !known[1].open) this.#streams.delete(known)
    this.#streams.add(ends)
  }

  /** The end that a peer holds. */
  sideOf(end: ConnectionEnd): 0 | 1 {
    return this.#ends[0] === end ? 0 : 1
  }

  /** The peer at one end closes it; the other hears of it when that arrives, and where the link is cut not before the silence tells it. */
  close(end: ConnectionEnd, why: string): void {
    const side = this.sideOf(end)
    // What is said on a link that is cut is lost, though it may be mended by when it would arrive.
    const said = !end.link.cut()
    this.#lose(side, why)
    this.#timers.after(end.link.delay(), () => {
      if (said && !end.link.cut()) this.#lose(side === 0 ? 1 : 0, 'closed by the other side')
    })
    this.linksChanged()
  }

  /** Both ends lose it now. */
  break(why: string): void {
    this.#lose(0, why)
    this.#lose(1, why)
  }

  /** A cut in either direction silences the heartbeats of both. */
  linksChanged(): void {
    for (const ends of this.#streams) for (const end of ends) end.pump()
    if (this.gone) return
    const silent = this.#ends.some(({ link }) => link.cut()) || !this.open
    if (silent) {
      this.#silence ??= this.#timers.after(heartbeatMs, () => this.break('no sign of life for 15 s'))
      return
    }
    this.#silence?.[Symbol.dispose]()
    this.#silence = undefined
  }

  #lose(side: 0 | 1, why: string): void {
    if (!this.#up[side]) return
    this.#up[side] = false
    for (const ends of this.#streams) ends[side].fail(why)
    if (this.gone) this.#silence?.[Symbol.dispose]()
    this.#ends[side].lost(why)
  }
}
