import type { DeviceId } from '../../crdt/wire/ids.ts'
import { limits } from '../../crdt/wire/limits.ts'
import { AtollError } from '../ports/errors.ts'
import type { FrameStream } from '../ports/network.ts'
import type { Timers } from '../ports/runtime.ts'
import type { Path } from '../ports/services.ts'
import type { LinkView } from './memory-network-link.ts'

/** The port's bounds: a stream that holds more than this unsent, or was stuck for so long, is closed. */
const unsentBytes = 4 * 1024 * 1024
const stuckMs = 15_000

interface Sent {
  /** undefined: the end of the stream. */
  readonly frame: Uint8Array | undefined
  readonly due: number
}

export interface StreamEnds {
  readonly near: MemoryStream
  readonly far: MemoryStream
}

/** Both ends of a stream between two peers, whose frames travel over two links. */
export function streamPair(timers: Timers, near: { device: DeviceId; path: Path; out: LinkView }, far: { device: DeviceId; path: Path; out: LinkView }): StreamEnds {
  const ends = { near: new MemoryStream(far.device, near.path, timers, near.out), far: new MemoryStream(near.device, far.path, timers, far.out) }
  ends.near.join(ends.far)
  ends.far.join(ends.near)
  return ends
}

/** One end of a stream. Frames arrive in order and whole, until the stream breaks; then those under way are lost. */
export class MemoryStream implements FrameStream {
  readonly remote: DeviceId
  readonly path: Path
  readonly #timers: Timers
  readonly #link: LinkView
  #other: MemoryStream | undefined
  #out: Sent[] = []
  #outBytes = 0
  #lastDue = 0
  #waitingForRoom: (() => void)[] = []
  #timer: Disposable | undefined
  #stuck: Disposable | undefined
  #inbox: Uint8Array[] = []
  #onFrame: ((frame: Uint8Array) => void) | undefined
  #onClose: ((why: string) => void) | undefined
  #closed: string | undefined
  #maxFrame: number = limits.frameBytes

  constructor(remote: DeviceId, path: Path, timers: Timers, link: LinkView) {
    this.remote = remote
    this.path = path
    this.#timers = timers
    this.#link = link
  }

  join(other: MemoryStream): void {
    this.#other = other
  }

  get open(): boolean {
    return this.#closed === undefined
  }

  /** Nothing this end sends arrives earlier than this: the moment at which the other end is handed over. */
  notBefore(elapsed: number): void {
    this.#lastDue = Math.max(this.#lastDue, elapsed)
  }

  send(frame: Uint8Array): void {
    if (frame.length > limits.frameBytes) throw new AtollError('internal', { why: `a frame of ${frame.length} bytes, at most ${limits.frameBytes} fit` })
    if (this.#closed !== undefined) return
    this.#outBytes += frame.length
    this.#push(frame)
    if (this.#blocked() && this.#outBytes > unsentBytes) this.close('the other side takes nothing: too much is unsent')
  }

  async room(): Promise<void> {
    while (this.#closed === undefined && this.#outBytes > unsentBytes / 2) {
      await new Promise<void>((resolve) => void this.#waitingForRoom.push(resolve))
    }
  }

  onFrame(call: (frame: Uint8Array) => void): void {
    this.#onFrame = call
    if (this.#inbox.length > 0) queueMicrotask(() => this.#read())
  }

  onClose(call: (why: string) => void): void {
    const why = this.#closed
    if (why === undefined) this.#onClose = call
    else queueMicrotask(() => call(why))
  }

  /** What was sent before still arrives; this end hears nothing more. */
  close(why: string): void {
    if (this.#closed !== undefined) return
    this.#push(undefined)
    this.#end(why)
  }

  limitFrames(bytes: number): void {
    this.#maxFrame = bytes
  }

  /** Both ends are gone at once, with all that was under way. */
  break(why: string): void {
    this.fail(why)
    this.#other?.fail(why)
  }

  /** This end is gone, with all it sent that has not arrived. */
  fail(why: string): void {
    this.#drop()
    this.#end(why)
  }

  /** The link has changed: tries again. */
  pump(): void {
    if (this.#out.length === 0) return
    if (this.#blocked()) {
      this.#stuck ??= this.#timers.after(stuckMs, () => {
        const why = 'the other side has taken nothing for 15 s'
        this.#drop()
        this.#end(why)
      })
      return
    }
    this.#stuck?.[Symbol.dispose]()
    this.#stuck = undefined
    this.#deliverWhenDue()
  }

  #push(frame: Uint8Array | undefined): void {
    this.#lastDue = Math.max(this.#lastDue, this.#timers.elapsed() + this.#link.delay())
    this.#out.push({ frame, due: this.#lastDue })
    this.pump()
  }

  #blocked(): boolean {
    return this.#link.cut() || this.#link.stalled()
  }

  #deliverWhenDue(): void {
    const [first] = this.#out
    if (this.#timer !== undefined || first === undefined) return
    this.#timer = this.#timers.after(first.due - this.#timers.elapsed(), () => {
      this.#timer = undefined
      this.#deliver()
      this.pump()
    })
  }

  #deliver(): void {
    const now = this.#timers.elapsed()
    while (!this.#blocked()) {
      const [first] = this.#out
      if (first === undefined || first.due > now) return
      this.#out.shift()
      this.#outBytes -= first.frame?.length ?? 0
      for (const resolve of this.#waitingForRoom.splice(0)) resolve()
      if (this.#link.breaks()) return this.break('the connection broke')
      if (first.frame === undefined) return this.#other?.fail('closed by the other side')
      this.#other?.receive(first.frame)
    }
  }

  /** Copied on arrival only: a sender that writes into a frame it has sent is found out, as it would be for real. */
  receive(frame: Uint8Array): void {
    if (this.#closed !== undefined) return
    this.#inbox.push(frame.slice())
    if (this.#onFrame !== undefined) this.#read()
  }

  #read(): void {
    while (this.#closed === undefined) {
      const frame = this.#inbox.shift()
      if (frame === undefined) return
      if (frame.length > this.#maxFrame) return this.break(`it sent a frame of more than ${this.#maxFrame} bytes`)
      this.#onFrame?.(frame)
    }
  }

  #drop(): void {
    this.#out = []
    this.#outBytes = 0
    this.#timer?.[Symbol.dispose]()
    this.#stuck?.[Symbol.dispose]()
    this.#timer = undefined
    this.#stuck = undefined
  }

  #end(why: string): void {
    if (this.#closed !== undefined) return
    this.#closed = why
    this.#inbox = []
    for (const resolve of this.#waitingForRoom.splice(0)) resolve()
    this.#onClose?.(why)
  }
}
