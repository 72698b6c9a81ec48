import type { Connection, Stream } from '@libp2p/interface'
import type { Random, Timers } from '../../ports/runtime.ts'
import { deadline } from './deadline.ts'
import { asError } from './why.ts'

export const pingProtocol = '/ipfs/ping/1.0.0'
const pingBytes = 32

/**
 * Pings over one connection. The stream is kept from ping to ping: opening one costs more than ten pings. Relays
 * and other implementations close it after some seconds; then the next ping opens another.
 */
export class Pinger {
  readonly #connection: Connection
  readonly #timers: Timers
  readonly #random: Random
  #stream: Stream | undefined
  #underWay: Promise<number> | undefined

  constructor(connection: Connection, timers: Timers, random: Random) {
    this.#connection = connection
    this.#timers = timers
    this.#random = random
  }

  /** The round trip in milliseconds, or null when no answer came in time. Those who ask at once share one ping. */
  async ping(ms: number): Promise<number | null> {
    using limit = deadline(this.#timers, ms)
    const { promise: late, reject } = Promise.withResolvers<never>()
    limit.signal.addEventListener('abort', () => reject(new Error('not answered in time')))
    try {
      this.#underWay ??= this.#twice(limit.signal).finally(() => {
        this.#underWay = undefined
      })
      // It may have been begun by one who has more patience.
      return await Promise.race([this.#underWay, late])
    } catch {
      return null // why does not matter: what is not answered in time is not there
    }
  }

  /** A stream that was closed since the last ping says nothing about the connection. */
  async #twice(signal: AbortSignal): Promise<number> {
    const reused = this.#stream?.status === 'open'
    try {
      return await this.#once(signal)
    } catch (error) {
      if (!reused || signal.aborted || this.#connection.status !== 'open') throw error
      return await this.#once(signal)
    }
  }

  async #once(signal: AbortSignal): Promise<number> {
    if (this.#stream?.status !== 'open' || this.#stream.remoteWriteStatus !== 'writable') this.#stream = await this.#connection.newStream(pingProtocol, { signal, maxOutboundStreams: 8, runOnLimitedConnection: true })
    const stream = this.#stream
    const { promise, resolve, reject } = Promise.withResolvers<undefined>()
    promise.catch(() => {
      // Where sending throws already, the stream's end rejects it and nobody waits for it.
    })
    let missing = pingBytes
    const received = ({ data }: { data: { readonly byteLength: number } }): void => {
      missing -= data.byteLength
      if (missing <= 0) resolve(undefined)
    }
    const failed = (): void => reject(new Error('not answered'))
    stream.addEventListener('message', received)
    stream.addEventListener('close', failed)
    stream.addEventListener('remoteCloseWrite', failed)
    signal.addEventListener('abort', failed)
    const sentAt = this.#timers.elapsed()
    try {
      stream.send(this.#random.bytes(pingBytes))
      await promise
      return this.#timers.elapsed() - sentAt
    } catch (error) {
      // A late answer must not be taken for that of the next ping.
      stream.abort(asError(error))
      throw error
    } finally {
      stream.removeEventListener('message', received)
      stream.removeEventListener('close', failed)
      stream.removeEventListener('remoteCloseWrite', failed)
      signal.removeEventListener('abort', failed)
    }
  }
}

/** Sends back what arrives. Not libp2p's own service, which ends the stream after ten seconds. */
export function answerPings(stream: Stream, heard: () => void): void {
  stream.addEventListener('message', ({ data }) => {
    heard()
    try {
      // Who pings faster than it reads is no peer to keep a stream for.
      if (!stream.send(data)) stream.abort(new Error('pings are not read'))
    } catch (error) {
      stream.abort(asError(error))
    }
  })
  stream.addEventListener('end', () => {
    stream.close().catch((error: unknown) => stream.abort(asError(error)))
  })
}
