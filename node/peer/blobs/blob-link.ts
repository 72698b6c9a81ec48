/** The asking side of one stream: questions and wishes in order, answers in the same order. */
import { blobAnswer, blobRequest, holdsAt, type BlobRequest } from '../../../crdt/blobs/frames.ts'
import { decode, encode } from '../../../crdt/wire/codec.ts'
import type { BlobId, DeviceId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { Timers } from '../../ports/runtime.ts'
import type { Handover } from '../mesh-handshake.ts'

/** A peer that owes an answer and says nothing for so long is taken for lost. */
const silentMs = 20_000

export interface BlobLinkEvents {
  /** The chunk that is due came, unchecked; undefined: it is not there. */
  readonly onChunk: (id: BlobId, bytes: Uint8Array | undefined) => void
  readonly onClose: (why: string) => void
}

/** The other side sent what only a faulty or hostile one sends. */
export type OnFault = (remote: DeviceId, why: string) => void

export class BlobLink {
  readonly remote: DeviceId
  readonly #stream: Handover['stream']
  readonly #timers: Timers
  readonly #events: BlobLinkEvents
  readonly #onFault: OnFault
  readonly #due: BlobId[] = []
  readonly #questions: { readonly ids: readonly BlobId[]; answered(held: readonly BlobId[]): void }[] = []
  #silence: Disposable | undefined
  #heardAt = 0
  #closed = false

  constructor({ stream, onFrame, onClose }: Handover, timers: Timers, events: BlobLinkEvents, onFault: OnFault) {
    this.remote = stream.remote
    this.#stream = stream
    this.#timers = timers
    this.#events = events
    this.#onFault = onFault
    onFrame((frame) => this.#receive(frame))
    onClose((why) => this.#ended(why))
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** How many chunks are on their way. */
  get due(): number {
    return this.#due.length
  }

  /** Asks which of at most limits.blobIdsPerFrame chunks are there. Calls back unless the link closes before. */
  has(ids: readonly BlobId[], answered: (held: readonly BlobId[]) => void): void {
    this.#questions.push({ ids, answered })
    this.#send({ type: 'has', ids })
  }

  want(ids: readonly BlobId[]): void {
    this.#due.push(...ids)
    for (let at = 0; at < ids.length; at += limits.blobIdsPerFrame) this.#send({ type: 'want', ids: ids.slice(at, at + limits.blobIdsPerFrame) })
  }

  close(why: string): void {
    this.#stream.close(why)
    this.#ended(why)
  }

  #fault(why: string, offence: string): void {
    this.close(why)
    this.#onFault(this.remote, offence)
  }

  #send(request: BlobRequest): void {
    this.#stream.send(encode(blobRequest, request))
    this.#watch()
  }

  #receive(frame: Uint8Array): void {
    const answer = decode(blobAnswer, frame)
    if (!answer.ok) return this.#fault('malformed', 'file_malformed')
    this.#heardAt = this.#timers.elapsed()
    if (answer.value.type === 'holds') {
      const { bits } = answer.value
      const question = this.#questions.shift()
      if (!question) return this.#fault('unasked', 'file_unasked')
      question.answered(question.ids.filter((_id, i) => holdsAt(bits, i)))
      return
    }
    const id = this.#due.shift()
    if (!id) return this.#fault('unasked', 'file_unasked')
    this.#events.onChunk(id, answer.value.type === 'chunk' ? answer.value.bytes : undefined)
  }

  /** One timer while anything is owed, and not one for each frame. */
  #watch(): void {
    if (this.#silence) return
    this.#heardAt = this.#timers.elapsed()
    const look = (): void => {
      this.#silence = undefined
      if (this.#closed || this.#due.length + this.#questions.length === 0) return
      const quietMs = this.#timers.elapsed() - this.#heardAt
      if (quietMs >= silentMs) this.close('silent')
      else this.#silence = this.#timers.after(silentMs - quietMs, look)
    }
    this.#silence = this.#timers.after(silentMs, look)
  }

  #ended(why: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#silence?.[Symbol.dispose]()
    this.#questions.length = 0
    this.#due.length = 0
    this.#events.onClose(why)
  }
}
