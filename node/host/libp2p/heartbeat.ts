import type { DeviceId } from '../../../crdt/wire/ids.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { Connections, Link } from './connections.ts'
import { Pinger } from './pinger.ts'

const tickMs = 1_000
/** A connection over which nothing was heard for so long is pinged: by one side first, and then the other need not. */
const quietMs = { first: 5_000, second: 7_000 } as const
/** It has so long to answer: a dead one is found within 15 s. */
const answerMs = 7_000
/** Round trips are measured now and then even where the other side's pings keep a connection from being quiet. */
const measureMs = 30_000
/** Time that passed unseen: the machine slept. */
const sleptMs = 20_000
const clockJumpMs = 10_000
const afterSleepMs = 3_000
/** One connection is dead: so is the line perhaps, and with it the others over which nothing was heard since. */
const afterDeathMs = 2_000

export interface HeartbeatParts {
  readonly device: DeviceId
  readonly runtime: Runtime
  readonly connections: Connections
  /** The addresses of this machine on its networks. */
  readonly ownAddresses: () => readonly string[]
  readonly onDead: (link: Link, why: string) => void
  /** The machine woke, or is on another network: with the addresses that it has now, and whether ways that go by UDP may have outlived it. */
  readonly onWake: (ownAddresses: readonly string[], udpLives: boolean) => void
  /** Every second, for what needs doing now and then. */
  readonly onTick: () => void
}

/** Finds out which connections are dead: quiet ones by pings, all of them at once after a sleep. */
export class Heartbeat implements Disposable {
  readonly #parts: HeartbeatParts
  readonly #pingers = new WeakMap<Link, Pinger>()
  /** Until when each must have answered. */
  readonly #probing = new WeakMap<Link, number>()
  readonly #measuredAt = new WeakMap<Link, number>()
  #timer: Disposable | undefined
  #elapsed: number
  #wall: number
  #ownAddresses: readonly string[]

  constructor(parts: HeartbeatParts) {
    this.#parts = parts
    this.#elapsed = parts.runtime.timers.elapsed()
    this.#wall = parts.runtime.clock.now()
    this.#ownAddresses = parts.ownAddresses()
    this.#tickLater()
  }

  /** Round trip in milliseconds, or null when there was no answer in `ms`. */
  async ping(link: Link, ms: number): Promise<number | null> {
    const { timers, random } = this.#parts.runtime
    const pinger = this.#pingers.get(link) ?? new Pinger(link.connection, timers, random)
    this.#pingers.set(link, pinger)
    const rtt = await pinger.ping(ms)
    if (rtt === null) return null
    this.#parts.connections.measured(link, rtt)
    link.heardAt = timers.elapsed()
    this.#measuredAt.set(link, link.heardAt)
    return rtt
  }

  /** Pings one connection and declares it dead if it neither answers nor sends anything else meanwhile. */
  async probe(link: Link, ms: number): Promise<void> {
    const since = this.#parts.runtime.timers.elapsed()
    const until = since + ms
    if ((this.#probing.get(link) ?? Infinity) <= until) return
    this.#probing.set(link, until)
    const rtt = await this.ping(link, ms)
    if (this.#probing.get(link) === until) this.#probing.delete(link)
    if (rtt !== null || link.heardAt > since || link.connection.status !== 'open') return
    this.#parts.onDead(link, `no sign of life for ${ms / 1000} s`)
    for (const other of this.#parts.connections.all()) if (other.heardAt <= since) void this.probe(other, afterDeathMs)
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
  }

  #tickLater(): void {
    this.#timer = this.#parts.runtime.timers.after(tickMs, () => {
      this.#tick()
      this.#tickLater()
    })
  }

  #tick(): void {
    const { device, connections, ownAddresses, onWake, onTick } = this.#parts
    const now = this.#parts.runtime.timers.elapsed()
    const addresses = ownAddresses()
    const former = this.#ownAddresses
    if (this.#woke(now, addresses)) {
      // An address more, as a container brings one, harms nothing; one less, or a sleep, and NATs have forgotten us.
      onWake(addresses, !same(former, addresses) && former.every((address) => addresses.includes(address)))
      for (const link of connections.all()) void this.probe(link, afterSleepMs)
    } else {
      for (const link of connections.all()) {
        const quiet = now - link.heardAt >= (device < link.device ? quietMs.first : quietMs.second)
        if (quiet || now - (this.#measuredAt.get(link) ?? -Infinity) >= measureMs) void this.probe(link, answerMs)
      }
    }
    onTick()
  }

  /** Whether time passed unseen since the last tick, or the network changed. */
  #woke(now: number, ownAddresses: readonly string[]): boolean {
    const wall = this.#parts.runtime.clock.now()
    const gap = now - this.#elapsed
    const jump = wall - this.#wall - gap // monotonic time may stand still while a machine sleeps; wall time does not
    const moved = !same(ownAddresses, this.#ownAddresses)
    this.#elapsed = now
    this.#wall = wall
    this.#ownAddresses = ownAddresses
    return gap > sleptMs || jump > clockJumpMs || moved
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.join() === b.join()
}
