import type { Connection } from '@libp2p/interface'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import type { Timers } from '../../ports/runtime.ts'
import type { AddressBook } from './address-book.ts'
import type { Attempts } from './attempts.ts'
import { pathOf, relayOf } from './connection-path.ts'
import type { Connections, Link } from './connections.ts'
import { deadline, pause } from './deadline.ts'
import { deviceToPeerId } from './device-peer-id.ts'
import { whyOf } from './why.ts'

/** One address may take so long; the next is tried beside it before that. */
const directMs = 4_000
const relayedMs = 8_000
/** Signalling over the relay takes some round trips, and ICE tries its candidates for seconds before it gives up. */
const punchMs = 9_000
const brokeDownMs = 3_000
const punches = 4
const staggerMs = 150
/** Direct addresses get such a head start before relays are tried as well. */
const headStartMs = 350
const directAtOnce = 4
const relaysAtOnce = 2

export interface DialLadderParts {
  readonly timers: Timers
  readonly book: AddressBook
  readonly attempts: Attempts
  readonly connections: Connections
  readonly dial: (address: Multiaddr, signal: AbortSignal) => Promise<Connection>
  /** Circuit addresses of a peer through the relays in use, the quickest first. */
  readonly throughRelays: (device: DeviceId) => readonly Multiaddr[]
  readonly stopping: AbortSignal
}

/** One trial of all addresses. */
interface Climb {
  readonly done: Promise<void>
}

/** One trial of the direct addresses. */
interface DirectTrial extends Climb {
  readonly since: number
  /** Ends it: the machine is elsewhere, and what was sent from there is never answered. */
  readonly moved: AbortController
  /** A direct connection stands, or the network is being switched off. */
  readonly enough: AbortSignal
}

/** Gives connections to a peer until one serves. */
export interface Search {
  /** One that is open, or the next that opens; each once. undefined: every address was tried in vain, or the signal fired. */
  next(signal: AbortSignal): Promise<Link | undefined>
}

/**
 * Tries the addresses of a peer, the best kind first and each next kind a little later: direct ones (TCP, then
 * WebSocket), then through relays. The first connection is used at once and ends the climb; direct addresses go on being
 * tried behind a relayed one. Over a relayed one WebRTC is negotiated (punch).
 *
 * All who want the same peer share one climb, and climbs share the trial of direct addresses: one that only looks for
 * something better than a relay does not hold up those who need the relay now.
 */
export class DialLadder {
  readonly #parts: DialLadderParts
  readonly #climbs = new Map<DeviceId, Climb>()
  readonly #direct = new Map<DeviceId, DirectTrial>()
  readonly #waiting = new Map<DeviceId, Set<() => void>>()
  readonly #punching = new Map<DeviceId, Promise<void>>()
  #relayNews = Promise.withResolvers<boolean>()

  constructor(parts: DialLadderParts) {
    this.#parts = parts
  }

  /** Looks for connections to a peer, one after the other. */
  search(device: DeviceId): Search {
    const given = new Set<Link>()
    const climbs = new Set<Climb>()
    // A connection that stands but does not serve has ended its climb as well: then there is one more.
    let more = false
    return {
      next: async (signal) => {
        for (;;) {
          const open = this.#parts.connections.best(device, (link) => !given.has(link))
          if (open !== undefined) {
            given.add(open)
            more ||= climbs.size > 0
            return open
          }
          if (signal.aborted) return undefined
          let climb = this.#climbs.get(device)
          if (climb === undefined) {
            if (climbs.size >= (more ? 2 : 1)) return undefined
            climb = this.#climb(device)
          }
          climbs.add(climb)
          await this.#news(device, climb.done, signal)
        }
      },
    }
  }

  /** Looks for a direct way to a peer that is reached through a relay. */
  async improve(device: DeviceId): Promise<void> {
    await this.#tryDirect(device).done
  }

  /** Connects through those of this device's nearest relays that do not lead to the peer yet. */
  async hold(device: DeviceId, relays: number): Promise<void> {
    const { connections, throughRelays, stopping } = this.#parts
    const held = new Set(connections.of(device).map(({ through }) => through))
    const missing = throughRelays(device).slice(0, relays).filter((address) => !held.has(relayOf(address)))
    await Promise.all(missing.map((address) => this.#try(device, address, relayedMs, stopping)))
  }

  /** The machine is on another network: what was dialled from the former one is given up, and may be dialled anew. */
  retry(): void {
    for (const { moved } of this.#direct.values()) moved.abort(new Error('this machine has moved'))
    this.#direct.clear()
  }

  /** A relay can be used again, or somebody came to one: climbs that still wait for direct addresses try relays anew. */
  relaysChanged(): void {
    this.#relayNews.resolve(true)
    this.#relayNews = Promise.withResolvers()
  }

  /** Negotiates WebRTC through NAT with a peer that is reached through a relay. */
  async punch(device: DeviceId): Promise<void> {
    const over = this.#parts.connections.best(device)
    if (over?.path !== 'relayed') return
    const address = webRtcAddress(over.connection, device)
    const punching = this.#punching.get(device) ?? this.#punchThrough(device, address).finally(() => this.#punching.delete(device))
    this.#punching.set(device, punching)
    await punching
  }

  /** A connection opened: those who wait for one look again. */
  opened(device: DeviceId): void {
    for (const wake of [...(this.#waiting.get(device) ?? [])]) wake()
  }

  /** A handshake that breaks down at once is tried again at once; one that takes its time in vain is not. */
  async #punchThrough(device: DeviceId, address: Multiaddr): Promise<void> {
    const { timers, connections, stopping } = this.#parts
    for (let tries = 0; tries < punches && connections.best(device)?.path === 'relayed' && !stopping.aborted; tries++) {
      const since = timers.elapsed()
      await this.#try(device, address, punchMs, stopping)
      if (timers.elapsed() - since > brokeDownMs) return
    }
  }

  #news(device: DeviceId, climb: Promise<void>, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const wake = (): void => resolve(undefined)
    const waiting = this.#waiting.get(device) ?? new Set()
    this.#waiting.set(device, waiting.add(wake))
    signal.addEventListener('abort', wake)
    return Promise.race([promise, climb]).finally(() => {
      signal.removeEventListener('abort', wake)
      waiting.delete(wake)
      if (waiting.size === 0 && this.#waiting.get(device) === waiting) this.#waiting.delete(device)
    })
  }

  #climb(device: DeviceId): Climb {
    const climb: Climb = { done: this.#tryAll(device).finally(() => this.#climbs.delete(device)) }
    this.#climbs.set(device, climb)
    return climb
  }

  async #tryAll(device: DeviceId): Promise<void> {
    const { timers, book, connections, throughRelays } = this.#parts
    const direct = this.#tryDirect(device)
    await Promise.race([direct.done, pause(timers, Math.max(0, direct.since + headStartMs - timers.elapsed()), direct.enough)])
    for (let more = true; more && !direct.enough.aborted; ) {
      const { promise: news } = this.#relayNews
      await this.#lane(device, circuits(throughRelays(device), book.relayed(device)), relayedMs, relaysAtOnce, () => connections.best(device) !== undefined, direct.enough)
      more = connections.best(device) === undefined && (await Promise.race([direct.done.then(() => false), news]))
    }
  }

  #tryDirect(device: DeviceId): DirectTrial {
    const running = this.#direct.get(device)
    if (running !== undefined) return running
    const { timers, book, connections, stopping } = this.#parts
    const [found, moved] = [new AbortController(), new AbortController()]
    const enough = AbortSignal.any([found.signal, stopping])
    const isEnough = (): boolean => {
      const stands = ![undefined, 'relayed'].includes(connections.best(device)?.path)
      if (stands) found.abort(new Error('a direct connection stands'))
      return stands
    }
    const done = this.#lane(device, book.direct(device), directMs, directAtOnce, isEnough, AbortSignal.any([enough, moved.signal])).finally(() => {
      if (this.#direct.get(device) === trial) this.#direct.delete(device)
    })
    const trial: DirectTrial = { since: timers.elapsed(), done, moved, enough }
    this.#direct.set(device, trial)
    return trial
  }

  /** Dials addresses in order, several at once with a little time between, until enough is reached. */
  async #lane(device: DeviceId, addresses: readonly Multiaddr[], ms: number, atOnce: number, enough: () => boolean, signal: AbortSignal): Promise<void> {
    const left = [...addresses]
    const worker = async (index: number): Promise<void> => {
      await pause(this.#parts.timers, index * staggerMs, signal)
      while (!signal.aborted && !enough()) {
        const address = left.shift()
        if (address === undefined) return
        await this.#try(device, address, ms, signal)
      }
    }
    await Promise.all(Array.from({ length: Math.min(atOnce, left.length) }, (_, index) => worker(index)))
  }

  async #try(device: DeviceId, address: Multiaddr, ms: number, signal: AbortSignal): Promise<void> {
    const { timers, attempts, book, connections, dial } = this.#parts
    using limit = deadline(timers, ms, signal)
    const kind = pathOf(address)
    try {
      connections.opened(await dial(address, limit.signal))
      if (kind !== 'direct:webrtc') book.learn(device, [address.toString()])
      attempts.worked(device, address.toString())
    } catch (error) {
      // Broken off because a better way was found: it says nothing about this address.
      if (signal.aborted) return
      attempts.record(device, { kind, address: address.toString(), outcome: 'failed', why: limit.expired ? `no answer within ${ms / 1000} s` : whyOf(error) })
    }
  }
}

/** The address that leads from a circuit to WebRTC with the peer at its end; an inbound circuit is named like one that we dialled. */
function webRtcAddress({ remoteAddr }: Connection, device: DeviceId): Multiaddr {
  const [relay = ''] = remoteAddr.toString().split('/p2p-circuit')
  return multiaddr(`${relay}/p2p-circuit/webrtc/p2p/${deviceToPeerId(device).toString()}`)
}

/** The relays in use have one connection each, whatever their addresses: a circuit through one of them is tried once. */
function circuits(throughRelays: readonly Multiaddr[], told: readonly Multiaddr[]): readonly Multiaddr[] {
  const inUse = new Set(throughRelays.map(relayOf))
  return [...throughRelays, ...told.filter((address) => !inUse.has(relayOf(address)))]
}
