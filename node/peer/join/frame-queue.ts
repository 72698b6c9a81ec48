import type { FrameStream } from '../../ports/network.ts'
import type { Runtime } from '../../ports/runtime.ts'
import { AtollError } from '../../ports/errors.ts'
import { decode, encode, type Codec } from '../../../crdt/wire/codec.ts'

/** What a frame counts for beside its bytes: empty ones fill the queue too. */
const frameCost = 64

/** A conversation as a sequence to read from: bounded, with a deadline for each frame. */
export class FrameQueue<Frame> {
  readonly stream: FrameStream
  readonly #codec: Codec<Frame>
  readonly #runtime: Runtime
  readonly #frames: Uint8Array[] = []
  #queued = 0
  #ended: string | undefined
  #wake: (() => void) | undefined

  /**
   * @param room bytes that may wait to be read
   * @param from where frames come from: the stream, unless a handshake was held on it first
   */
  constructor(stream: FrameStream, codec: Codec<Frame>, runtime: Runtime, room: number, from: Pick<FrameStream, 'onFrame' | 'onClose'> = stream) {
    this.stream = stream
    this.#codec = codec
    this.#runtime = runtime
    from.onFrame((frame) => {
      this.#queued += frame.length + frameCost
      if (this.#queued > room) return stream.close('too many frames')
      this.#frames.push(frame)
      this.#wake?.()
    })
    from.onClose((why) => {
      this.#ended = why
      this.#wake?.()
    })
  }

  send(frame: Frame): void {
    this.stream.send(encode(this.#codec, frame))
  }

  /** The next frame; throws when the other side hung up, was silent for `ms`, or sent nonsense. */
  async next(ms: number): Promise<Frame> {
    if (this.#frames.length === 0 && this.#ended === undefined) await this.#arrival(ms)
    const bytes = this.#frames.shift()
    this.#queued -= (bytes?.length ?? 0) + (bytes ? frameCost : 0)
    if (!bytes) throw new AtollError('node_unreachable', { why: `the other side hung up: ${this.#ended ?? 'silent'}` })
    const frame = decode(this.#codec, bytes)
    if (!frame.ok) {
      this.stream.close('malformed frame')
      throw new AtollError('node_unreachable', { why: 'the other side sent something that is not understood' })
    }
    return frame.value
  }

  #arrival(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = this.#runtime.timers.after(ms, () => {
        this.#wake = undefined
        this.stream.close('silent')
        reject(new AtollError('timed_out', { seconds: ms / 1000, what: 'the member that answered fell silent' }))
      })
      this.#wake = () => {
        deadline[Symbol.dispose]()
        this.#wake = undefined
        resolve()
      }
    })
  }
}
