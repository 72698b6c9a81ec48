import type { Connection } from '@libp2p/interface'
import { decode, encode } from '../../../crdt/wire/codec.ts'
import { fromHex, toHex, type DeviceId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { protocols } from '../../../crdt/wire/protocols.ts'
import { rendezvousAnswer, rendezvousRequest } from '../../../crdt/wire/rendezvous.ts'
import type { Log } from '../../ports/log.ts'
import type { Runtime } from '../../ports/runtime.ts'
import { Backoff } from './backoff.ts'
import { deadline, pause } from './deadline.ts'
import { peerIdBytesToDevice } from './device-peer-id.ts'
import { Libp2pFrameStream } from './frame-stream.ts'
import { whyOf } from './why.ts'

const openMs = 5_000
/** A stream that held for so long is worth the shortest wait again. */
const steadyMs = 10_000

export interface RendezvousClientParts {
  readonly relay: DeviceId
  readonly runtime: Runtime
  readonly log: Log
  /** Called with each answer of the relay about a code that is stood behind. */
  readonly onAnswer: (code: string, peers: readonly DeviceId[]) => void
}

/**
 * The rendezvous at one relay, over one stream: a second would replace the first (crdt/wire/rendezvous.ts), so
 * what is asked once is watched on the same stream for as long as the question stands.
 */
export class RendezvousClient implements Disposable {
  readonly #parts: RendezvousClientParts
  readonly #stopping = new AbortController()
  readonly #asked = new Map<string, Set<(answer: readonly DeviceId[] | string) => void>>()
  #codes: readonly string[] = []
  #connection: Connection | undefined
  #stream: Libp2pFrameStream | undefined
  #running = false

  constructor(parts: RendezvousClientParts) {
    this.#parts = parts
  }

  /** Whether a question waits for its answer. */
  get asking(): boolean {
    return this.#asked.size > 0
  }

  /** From now on over this connection. */
  attach(connection: Connection): void {
    this.#connection = connection
    this.#ensure()
  }

  stand(codes: readonly string[]): void {
    if (codes.length > limits.codesPerPeer) this.#parts.log.warn('too_many_codes', { codes: codes.length, limit: limits.codesPerPeer })
    const kept = codes.slice(0, limits.codesPerPeer)
    if (kept.join() === this.#codes.join()) return
    this.#codes = kept
    this.#tell()
    this.#ensure()
  }

  /** Who stands behind a code, or in words why the relay did not say. */
  async ask(code: string, signal: AbortSignal): Promise<readonly DeviceId[] | string> {
    const { promise, resolve } = Promise.withResolvers<readonly DeviceId[] | string>()
    const giveUp = (): void => resolve('it did not answer in time')
    const askers = this.#asked.get(code) ?? new Set()
    this.#asked.set(code, askers.add(resolve))
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp)
    // Told again even where the code is watched already: the relay answers every request in full.
    this.#tell()
    this.#ensure()
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', giveUp)
      askers.delete(resolve)
      if (askers.size === 0 && this.#asked.get(code) === askers) this.#asked.delete(code)
      if (!this.#codes.includes(code)) this.#tell()
    }
  }

  [Symbol.dispose](): void {
    this.#stopping.abort(new Error('the relay is not used any more'))
    this.#stream?.close('the relay is not used any more')
  }

  #wanted(): boolean {
    return this.#connection?.status === 'open' && (this.#codes.length > 0 || this.asking) && !this.#stopping.signal.aborted
  }

  #ensure(): void {
    if (this.#running || !this.#wanted()) return
    this.#running = true
    this.#run()
      .catch((error: unknown) => this.#parts.log.error('rendezvous_failed', { error: String(error) }))
      .finally(() => {
        this.#running = false
        this.#ensure()
      })
  }

  /** Keeps the stream as long as there is something to say and a connection to say it over. */
  async #run(): Promise<void> {
    const { runtime, log } = this.#parts
    const backoff = new Backoff(runtime.random)
    while (this.#wanted()) {
      const over = this.#connection
      const since = runtime.timers.elapsed()
      try {
        const why = await this.#serve(over as Connection)
        if (this.#stopping.signal.aborted || over !== this.#connection || over?.status !== 'open') continue
        log.info('rendezvous_ended', { why })
      } catch (error) {
        log.info('rendezvous_not_open', { why: whyOf(error) })
        if (error instanceof Error && error.name === 'UnsupportedProtocolError') return this.#useless(over as Connection)
      }
      if (runtime.timers.elapsed() - since > steadyMs) backoff.reset()
      if (over === this.#connection) await pause(runtime.timers, backoff.next(), this.#stopping.signal)
    }
  }

  /** Whatever answers there will not learn the protocol while it is connected. */
  #useless(connection: Connection): void {
    if (this.#connection === connection) this.#connection = undefined
    for (const askers of this.#asked.values()) for (const asker of askers) asker('a peer answers there, but it is no relay')
  }

  /** Resolves with why the stream ended. */
  async #serve(connection: Connection): Promise<string> {
    const { runtime: { timers }, log, relay } = this.#parts
    using limit = deadline(timers, openMs, this.#stopping.signal)
    const raw = await connection.newStream(protocols.rendezvous, { signal: limit.signal })
    const { promise, resolve } = Promise.withResolvers<string>()
    let refusal: string | undefined
    const stream = new Libp2pFrameStream({ stream: raw, remote: relay, path: 'direct:tcp', timers, log, heard: () => {}, ended: () => {} })
    stream.onFrame((frame) => {
      refusal ??= this.#answered(frame)
    })
    stream.onClose((why) => resolve(refusal ?? why))
    this.#stream = stream
    this.#tell()
    try {
      return await promise
    } finally {
      if (this.#stream === stream) this.#stream = undefined
    }
  }

  /** What the relay said; the reason if it refuses. */
  #answered(frame: Uint8Array): string | undefined {
    const answer = decode(rendezvousAnswer, frame)
    if (!answer.ok) {
      this.#stream?.reset(`the relay answered nonsense: ${answer.detail}`)
      return answer.detail
    }
    if (answer.value.type === 'refused') return answer.value.reason
    const code = toHex(answer.value.code)
    const peers = answer.value.peers.map(peerIdBytesToDevice).filter((device) => device !== undefined)
    for (const asker of [...(this.#asked.get(code) ?? [])]) asker(peers)
    if (this.#codes.includes(code)) this.#parts.onAnswer(code, peers)
    return undefined
  }

  #tell(): void {
    const behind = this.#codes.map(fromHex)
    const watch = [...new Set([...this.#codes, ...this.#asked.keys()])].slice(-limits.codesPerPeer).map(fromHex)
    this.#stream?.send(encode(rendezvousRequest, { type: 'stand', behind, watch }))
  }
}
