import type { Stream } from '@libp2p/interface'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError } from '../../ports/errors.ts'
import type { FrameStream } from '../../ports/network.ts'
import type { Log } from '../../ports/log.ts'
import type { Timers } from '../../ports/runtime.ts'
import type { OpenPath } from './connection-path.ts'
import { FrameDecoder, lengthBytes, writeLength } from './frame-decoder.ts'
import { asError, whyOf } from './why.ts'
import { spareWindowUpdates } from './window-updates.ts'

/** The port's bounds: a stream that holds more than this unsent, or was stuck for so long, is closed. */
const unsentBytes = 4 * 1024 * 1024
const stuckMs = 15_000
/** How long a closed stream may take to hand over what was sent before. */
const farewellMs = 5_000
const lost = 'the connection was lost'
/** Small frames of one turn travel together, up to what fits one Noise message; larger ones are sent as they are. */
const batchBytes = 63 * 1024
const wholeBytes = 32 * 1024

export interface FrameStreamParts {
  readonly stream: Stream
  readonly remote: DeviceId
  readonly path: OpenPath
  readonly timers: Timers
  readonly log: Log
  /** Called whenever bytes arrive: they prove that the connection lives. */
  readonly heard: (bytes: number) => void
  /** Called with what goes out. */
  readonly said?: (bytes: number) => void
  /** Called once, when it is closed for this side. */
  readonly ended: (stream: Libp2pFrameStream) => void
}

/** Frames over a libp2p stream. A frame belongs to the stream once sent: do not write into it afterwards. */
export class Libp2pFrameStream implements FrameStream {
  readonly remote: DeviceId
  readonly path: OpenPath
  readonly #stream: Stream
  readonly #parts: FrameStreamParts
  readonly #decoder: FrameDecoder
  #maxFrame: number = limits.frameBytes
  readonly #taken: (bytes: number) => void
  #queue: Uint8Array[] = []
  #queued = 0
  #flushing = false
  #waitingForRoom: (() => void)[] = []
  #stuck: Disposable | undefined
  #onFrame: ((frame: Uint8Array) => void) | undefined
  #onClose: ((why: string) => void) | undefined
  #closed: string | undefined

  constructor(parts: FrameStreamParts) {
    const { stream } = parts
    this.remote = parts.remote
    this.path = parts.path
    this.#parts = parts
    this.#stream = stream
    this.#taken = spareWindowUpdates(stream)
    this.#decoder = new FrameDecoder(this.#maxFrame, (frame) => {
      if (this.#closed === undefined) this.#onFrame?.(frame)
    })
    if (stream.status !== 'open') this.#end(lost)
    // Only a stream that was closed by its peer says so first; one whose connection has gone just ends.
    let said = stream.remoteWriteStatus !== 'writable'
    stream.addEventListener('remoteCloseWrite', () => {
      said = true
    })
    stream.addEventListener('end', () => {
      // Also dispatched on the way to 'close', which knows more.
      if (stream.status === 'open') this.close(said ? 'closed by the other side' : lost)
    })
    stream.addEventListener('close', ({ error, local }) =>  this.#end(error !== undefined && local ? whyOf(error) : said ? 'closed by the other side' : lost))
    // The stream's own listener for 'drain' sends what it holds in a microtask queued before this one.
    stream.addEventListener('drain', () => queueMicrotask(() => this.#drained()))
  }

  send(frame: Uint8Array): void {
    if (frame.length > limits.frameBytes) throw new AtollError('internal', { why: `a frame of ${frame.length} bytes, at most ${limits.frameBytes} fit` })
    if (this.#closed !== undefined) return
    this.#queue.push(frame)
    this.#queued += frame.length + lengthBytes(frame.length)
    if (this.#queued + this.#stream.writeBufferLength > unsentBytes) return this.#abort('the other side takes nothing: too much is unsent')
    this.#flushSoon()
  }

  async room(): Promise<void> {
    while (this.#closed === undefined && this.#queued + this.#stream.writeBufferLength > unsentBytes / 2) {
      await new Promise<void>((resolve) => void this.#waitingForRoom.push(resolve))
    }
  }

  onFrame(call: (frame: Uint8Array) => void): void {
    const first = this.#onFrame === undefined
    this.#onFrame = call
    // Not before there is somebody to read: until then libp2p holds back what arrives, within one window.
    if (first && this.#closed === undefined) this.#stream.addEventListener('message', ({ data }) => this.#receive(data))
  }

  onClose(call: (why: string) => void): void {
    const why = this.#closed
    if (why === undefined) this.#onClose = call
    else queueMicrotask(() => call(why))
  }

  close(why: string): void {
    if (this.#closed !== undefined) return
    this.#flush(true)
    const stream = this.#stream
    // What was sent is handed over first, and the other side closes its half too; but not for ever.
    const timer = this.#parts.timers.after(farewellMs, () => stream.abort(new Error('closing took too long')))
    stream.addEventListener('close', () => timer[Symbol.dispose]())
    stream.close().catch((error: unknown) => stream.abort(asError(error)))
    this.#end(why)
  }

  limitFrames(bytes: number): void {
    this.#maxFrame = bytes
    this.#decoder.limit(bytes)
  }

  /** Gone now, with whatever is unsent. */
  reset(why: string): void {
    if (this.#closed === undefined) this.#abort(why)
  }

  #receive(data: Uint8Array | (Iterable<Uint8Array> & { readonly byteLength: number })): void {
    if (this.#closed !== undefined) return
    this.#parts.heard(data.byteLength)
    try {
      for (const chunk of data instanceof Uint8Array ? [data] : data) {
        // Node's Buffer, which libp2p hands on, is a trap for browser-safe code: its slice() does not copy.
        const problem = this.#decoder.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength))
        if (problem !== undefined) return this.#abort(problem === 'frame_too_long' ? `it sent a frame of more than ${this.#maxFrame} bytes` : 'what it sent is no frame')
        this.#taken(chunk.byteLength)
      }
    } catch (error) {
      // The reader failed, not the network: one stream goes, the node stays.
      this.#parts.log.error('frame_reader_failed', { error: whyOf(error) })
      this.#abort('this side failed to read a frame')
    }
  }

  #flushSoon(): void {
    if (this.#flushing || this.#stream.writableNeedsDrain) return
    this.#flushing = true
    queueMicrotask(() => {
      this.#flushing = false
      this.#flush()
    })
  }

  /** Hands the queue to libp2p until it asks to wait; all of it where it is the last we send. */
  #flush(all = false): void {
    try {
      while (this.#queue.length > 0 && this.#closed === undefined) {
        if (this.#stream.writableNeedsDrain && !all) return this.#waitForDrain()
        const [first] = this.#queue as [Uint8Array]
        if (!(first.length >= wholeBytes ? this.#sendWhole(first) : this.#stream.send(this.#takeBatch()))) this.#waitForDrain()
      }
      this.#roomMayBe()
    } catch (error) {
      // The connection went while we wrote: 'close' says so as well, but not always first.
      this.#abort(whyOf(error))
    }
  }

  #takeBatch(): Uint8Array {
    let count = 0
    let size = 0
    for (const frame of this.#queue) {
      const more = frame.length + lengthBytes(frame.length)
      if (count > 0 && (size + more > batchBytes || frame.length >= wholeBytes)) break
      size += more
      count++
    }
    const batch = new Uint8Array(size)
    let at = 0
    for (const frame of count === this.#queue.length ? this.#queue : this.#queue.slice(0, count)) {
      at = writeLength(batch, at, frame.length)
      batch.set(frame, at)
      at += frame.length
    }
    this.#queue = count === this.#queue.length ? [] : this.#queue.slice(count)
    this.#queued -= size
    this.#parts.said?.(size)
    return batch
  }

  /** A large frame goes as it is behind its length, without a copy. Says whether there is room for more. */
  #sendWhole(frame: Uint8Array): boolean {
    const length = new Uint8Array(lengthBytes(frame.length))
    writeLength(length, 0, frame.length)
    this.#queue.shift()
    this.#queued -= length.length + frame.length
    this.#parts.said?.(length.length + frame.length)
    this.#stream.send(length)
    return this.#stream.send(frame)
  }

  #waitForDrain(): void {
    this.#stuck ??= this.#parts.timers.after(stuckMs, () => this.#abort('the other side has taken nothing for 15 s'))
  }

  #drained(): void {
    // A drain is progress, even where it fills up again at once.
    this.#stuck?.[Symbol.dispose]()
    this.#stuck = undefined
    if (this.#closed !== undefined) return
    if (this.#stream.writableNeedsDrain) this.#waitForDrain()
    else this.#flush()
    this.#roomMayBe()
  }

  #roomMayBe(): void {
    for (const resolve of this.#waitingForRoom.splice(0)) resolve()
  }

  #abort(why: string): void {
    this.#end(why)
    this.#stream.abort(new Error(why))
  }

  #end(why: string): void {
    if (this.#closed !== undefined) return
    this.#closed = why
    this.#queue = []
    this.#queued = 0
    this.#stuck?.[Symbol.dispose]()
    this.#stuck = undefined
    this.#roomMayBe()
    this.#parts.ended(this)
    this.#onClose?.(why)
  }
}
