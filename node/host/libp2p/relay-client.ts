import type { Connection } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Log } from '../../ports/log.ts'
import type { Runtime } from '../../ports/runtime.ts'
import { Backoff } from './backoff.ts'
import { circuitMessageBytes, CircuitRefusedError, hopProtocol, hopReserve, readHopAnswer, statusOk } from './circuit-messages.ts'
import type { Dial } from './create-libp2p.ts'
import { deadline, pause } from './deadline.ts'
import { stunServers } from './stun-servers.ts'
import type { StunServer } from './stun-client.ts'
import { asError, somethingElse, whyOf } from './why.ts'

const dialMs = 8_000
const addressesLearned = 4
const staggerMs = 250
const silence = `no answer within ${dialMs / 1000} s`
const repeatMs = 900
const rounds = Math.floor(dialMs / repeatMs)
const reserveMs = 5_000
/** After a sleep the connection is more likely dead than slow. */
const reserveAfterWakeMs = 2_000
/** A reservation is renewed when three quarters of its time are over, but not more often than this. */
const renewAtMostEveryMs = 5_000
/**
 * A line that swallows everything may be whole again any moment, and nothing says so; something else in the relay's place is
 * a captive portal perhaps, which opens as soon as somebody has logged in: the pause between tries is no longer than this, for so long.
 */
const hopefulEveryMs = 500
const hopefulMs = 15 * 60_000
/** A connection that held for so long is worth the shortest wait again. */
const steadyMs = 10_000

export interface RelayClientParts {
  readonly relay: DeviceId
  /** Each ends in `/p2p/<relay>`; tried in order. */
  readonly addresses: readonly string[]
  readonly runtime: Runtime
  readonly log: Log
  readonly dial: Dial
  /** The newest open connection to the relay. */
  readonly connected: () => Connection | undefined
  /** The relay is connected, and reserved unless it refused. */
  readonly onReady: (connection: Connection) => void
}

/** One relay: a connection when it is needed, or, once kept, for as long as it is in use, with a reservation. */
export class RelayClient implements Disposable {
  readonly relay: DeviceId
  readonly #parts: RelayClientParts
  readonly #stopping = new AbortController()
  #dialling: Promise<Connection> | undefined
  #wake = new AbortController()
  #moved = new AbortController()
  #kept = false
  #learned: readonly string[] = []
  #reservedOver: Connection | undefined
  #stun: readonly StunServer[] = []
  #error: string | null = null
  /** Since when nothing answers, or something else in its place. */
  #hopefulSince: number | undefined

  constructor(parts: RelayClientParts) {
    this.relay = parts.relay
    this.#parts = parts
  }

  get kept(): boolean {
    return this.#kept
  }

  get addresses(): readonly string[] {
    return this.#parts.addresses
  }

  /** Somebody else names other addresses of the same relay: they are tried as well, the newest first. */
  learn(addresses: readonly string[]): void {
    const fresh = addresses.filter((address) => !this.#parts.addresses.includes(address))
    this.#learned = [...new Set([...fresh, ...this.#learned])].slice(0, addressesLearned)
  }

  /** Whether callers reach us through it now. */
  get reserved(): boolean {
    return this.#reservedOver?.status === 'open'
  }

  /** Where it answers STUN, as it said when it granted the last reservation. */
  get stun(): readonly StunServer[] {
    return this.#stun
  }

  get error(): string | null {
    return this.#error
  }

  holdsReservation(connection: Connection): boolean {
    return this.#reservedOver === connection || this.reserved
  }

  /** From now on connects, reserves, renews and reconnects, until it is disposed. */
  keep(): void {
    if (this.#kept) return
    this.#kept = true
    this.#run().catch((error: unknown) => this.#parts.log.error('relay_client_failed', { error: String(error) }))
  }

  /** Tries again at once, or renews what it holds: the machine woke, or has another network. */
  retryNow(): void {
    // What was sent over the network that was left is never answered.
    this.#moved.abort(new Error('this machine has moved'))
    this.#wake.abort(new Error('retry now'))
  }

  /** The connection that stands, or a new one. Throws AtollError: relay_unreachable or relay_wrong. */
  async connect(signal: AbortSignal): Promise<Connection> {
    const open = this.#parts.connected()
    if (open !== undefined) return open
    this.#dialling ??= this.#dial().finally(() => {
      this.#dialling = undefined
    })
    const { promise: gaveUp, reject } = Promise.withResolvers<never>()
    const giveUp = (): void => reject(new AtollError('cancelled'))
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp)
    try {
      return await Promise.race([this.#dialling, gaveUp])
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  [Symbol.dispose](): void {
    this.#stopping.abort(new Error('the relay is not used any more'))
  }

  async #run(): Promise<void> {
    const { runtime: { timers, random }, log } = this.#parts
    const { signal } = this.#stopping
    const backoff = new Backoff(random)
    while (!signal.aborted) {
      const since = timers.elapsed()
      try {
        const connection = await this.connect(signal)
        await this.#hold(connection, () => backoff.soften())
      } catch (error) {
        if (signal.aborted) return
        const why = reasonOf(error)
        if (this.#error !== why) log.info('relay_lost', { why })
        this.#error = why
        this.#hopefulSince = why === somethingElse || why === silence ? (this.#hopefulSince ?? timers.elapsed()) : undefined
      }
      this.#reservedOver = undefined
      if (timers.elapsed() - since > steadyMs) backoff.reset()
      if (this.#moved.signal.aborted || (await this.#sleep(this.#pauseMs(backoff), signal))) backoff.reset()
      this.#moved = new AbortController()
    }
  }

  #pauseMs(backoff: Backoff): number {
    const ms = backoff.next()
    const isHopeful = this.#hopefulSince !== undefined && this.#parts.runtime.timers.elapsed() - this.#hopefulSince < hopefulMs
    return isHopeful ? Math.min(ms, hopefulEveryMs) : ms
  }

  /** Waits; true: woken before the time was over. */
  async #sleep(ms: number, until: AbortSignal): Promise<boolean> {
    this.#wake = new AbortController()
    await pause(this.#parts.runtime.timers, ms, AbortSignal.any([until, this.#wake.signal]))
    return this.#wake.signal.aborted
  }

  /** Reserves and renews until the connection goes. Throws with the reason. */
  async #hold(connection: Connection, worked: () => void): Promise<void> {
    const gone = new AbortController()
    const closed = (): void => gone.abort(new Error('closed'))
    connection.addEventListener('close', closed)
    try {
      while (connection.status === 'open' && !this.#stopping.signal.aborted) {
        const lastsMs = await this.#reserve(connection, this.#wake.signal.aborted ? reserveAfterWakeMs : reserveMs, gone.signal)
        this.#reservedOver = connection
        this.#error = null
        this.#hopefulSince = undefined
        worked()
        this.#parts.onReady(connection)
        await this.#sleep(Math.max(renewAtMostEveryMs, lastsMs * 0.75), AbortSignal.any([gone.signal, this.#stopping.signal]))
      }
    } catch (error) {
      // A relay that takes no reservation still tells who stands behind a code, and carries what we dial.
      if (error instanceof CircuitRefusedError) this.#parts.onReady(connection)
      // One that does not answer at all is not there any more; to learn that from the heartbeat would take longer.
      else if (!this.#stopping.signal.aborted && !(error instanceof Error && error.name === 'UnsupportedProtocolError')) connection.abort(asError(error))
      throw error
    } finally {
      connection.removeEventListener('close', closed)
    }
    throw new Error('the connection to it was lost')
  }

  /** How long the granted reservation lasts, milliseconds. */
  async #reserve(connection: Connection, ms: number, gone: AbortSignal): Promise<number> {
    const { clock, timers } = this.#parts.runtime
    using limit = deadline(timers, ms, gone, this.#stopping.signal)
    const { signal } = limit
    const stream = await connection.newStream(hopProtocol, { signal, maxOutboundStreams: Number.MAX_SAFE_INTEGER })
    try {
      const framed = lpStream(stream, { maxDataLength: circuitMessageBytes })
      await framed.write(hopReserve(), { signal })
      const answer = readHopAnswer((await framed.read({ signal })).subarray())
      if (answer?.status !== statusOk) throw new CircuitRefusedError(answer?.status ?? 400)
      await stream.close({ signal })
      this.#stun = stunServers(answer.addresses, this.relay)
      // The relay's clock may differ from ours by years: what makes no sense is renewed after an hour.
      const lastsMs = (answer.expire ?? 0) * 1000 - clock.now()
      return lastsMs > 0 && lastsMs < 24 * 3_600_000 ? lastsMs : 3_600_000
    } catch (error) {
      stream.abort(asError(error))
      throw error
    }
  }

  /**
   * Tries its addresses, each a little after the one before, and all of them again every second: what is lost of a first
   * packet the system repeats only after one second and then two, four, so on a line that comes back in between the new try
   * is the quicker one. Not where something has answered: a relay that is slow because many come at once is not to be
   * asked by each of them eight times. The first that connects wins.
   */
  async #dial(): Promise<Connection> {
    const { runtime: { timers }, addresses } = this.#parts
    this.#moved = new AbortController()
    const all = this.#kept ? [...addresses, ...this.#learned] : [...this.#learned, ...addresses]
    const over = new AbortController() // connected, or refused everywhere
    const answered = new Set<string>()
    const goesOn = new Error('the try before this one goes on')
    const failures: AtollError[] = []
    let refusals = 0
    const tries = Array.from({ length: rounds }, () => all).flat().map(async (address, index) => {
      const limit = deadline(timers, dialMs, this.#stopping.signal, this.#moved.signal, over.signal)
      try {
        await pause(timers, (index % all.length) * staggerMs + Math.floor(index / all.length) * repeatMs, limit.signal)
        if (limit.signal.aborted) throw new Error('not tried')
        if (answered.has(address)) throw goesOn
        const connection = await this.#parts.dial(multiaddr(address), limit.signal, () => answered.add(address))
        // Before the others are called off: its own signal must not fire any more.
        limit[Symbol.dispose]()
        over.abort(new Error('connected'))
        return connection
      } catch (error) {
        if (over.signal.aborted || error === goesOn) throw error
        answered.delete(address)
        failures.push(failureAt(address, limit.expired ? new Error(silence) : error))
        if (index < all.length && ++refusals === all.length) over.abort(new Error('refused everywhere'))
        throw error
      } finally {
        limit[Symbol.dispose]()
      }
    })
    try {
      return await Promise.any(tries)
    } catch (error) {
      if (this.#moved.signal.aborted) throw new Error('this machine has moved', { cause: error })
      // An address of a family that this machine does not have says nothing about the relay; a portal explains all the others.
      throw failures.find(({ details }) => details['why'] === somethingElse) ?? failures.find((failure) => !isNoRoute(failure)) ?? failures[0] ?? new AtollError('relay_unreachable', { address: addresses[0] ?? '', why: 'it has no address' })
    }
  }
}

function failureAt(address: string, error: unknown): AtollError {
  const said = whyOf(error)
  // What takes connections and does not even speak of encrypting them.
  const why = said === whyOf(new Error('UnsupportedProtocol')) ? somethingElse : said
  const wrong = why === whyOf(new Error('UnexpectedPeer'))
  return new AtollError(wrong ? 'relay_wrong' : 'relay_unreachable', { address, why: wrong ? 'another peer answers there than the address names' : why }, { cause: error })
}

function isNoRoute({ details }: AtollError): boolean {
  return details['why'] === whyOf(Object.assign(new Error(), { code: 'ENETUNREACH' }))
}

function reasonOf(error: unknown): string {
  if (error instanceof AtollError) return String(error.details['why'] ?? error.message)
  if (error instanceof Error && error.name === 'UnsupportedProtocolError') return 'a peer answers there, but it is no relay'
  return whyOf(error)
}
