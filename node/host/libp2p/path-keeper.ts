import type { DeviceId } from '../../../crdt/wire/ids.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { AddressBook } from './address-book.ts'
import { isPeer, type Connections, type Link } from './connections.ts'
import type { DialLadder } from './dial-ladder.ts'

/** A connection that is not the best and carries nothing is closed after this … */
const idleMs = 2_000
/** … and a relayed one beside a direct one in any case after this: streams had the time to move. */
const relayedBesideDirectMs = 60_000
/** Nothing was ever negotiated over it: whoever that is, it is no peer of ours. */
const unprovenMs = 30_000
/** A direct way to a peer reached through a relay is looked for at once, then after each of these, then every so often. */
const improveAfterMs = [0, 3_000, 15_000, 60_000, 300_000] as const
/** WebRTC is negotiated when plain dialling had this head start, by the peer with the smaller id; the other one leaves it so long to do it. */
const punchHeadStartMs = 400
const otherPunchesMs = 6_000
/** A peer that stays behind a relay is reached through so many: the nearest carries, and the next is there when it dies. */
const relaysHeld = 2
/** Only for so many peers: circuits cost a relay memory. */
const peersHeldTwice = 32
/** When it has become clear that it does stay there; the peer with the larger id leaves it so long to the other. */
const holdAfterMs = 2_000
const otherHoldsMs = 3_000

export interface PathKeeperParts {
  readonly device: DeviceId
  /** Whether WebRTC may be used with this device. */
  readonly punches: (device: DeviceId) => boolean
  /** WebRTC will be used soon: what has to be loaded for it may be loaded. */
  readonly warmUp: () => void
  readonly runtime: Runtime
  readonly book: AddressBook
  readonly connections: Connections
  readonly ladder: DialLadder
  readonly close: (link: Link, why: string) => void
}

/** How often a better way was looked for already, and when it is next. */
interface Plan {
  readonly attempt: number
  readonly at: number
}

/** Moves each peer to its best path: looks for direct ways, holds a second relay where there is none, and closes what a better connection has made superfluous. */
export class PathKeeper {
  readonly #parts: PathKeeperParts
  readonly #improving = new Map<DeviceId, Plan>()
  readonly #punching = new Map<DeviceId, Plan>()
  readonly #holding = new Map<DeviceId, Plan>()
  readonly #betterSince = new WeakMap<Link, number>()

  constructor(parts: PathKeeperParts) {
    this.#parts = parts
  }

  /** There is news of a peer's addresses, or this machine is on another network: direct ways are tried anew. */
  retry(device?: DeviceId): void {
    if (device === undefined) this.relaysChanged()
    if (device === undefined) this.#punching.clear()
    if (device === undefined) this.#improving.clear()
    else this.#improving.delete(device)
  }

  /** A relay can be used again: it may be the second for those behind another. */
  relaysChanged(): void {
    this.#holding.clear()
  }

  tick(): void {
    const { connections } = this.#parts
    const now = this.#parts.runtime.timers.elapsed()
    const peers = new Set(connections.connected())
    for (const plans of [this.#improving, this.#punching, this.#holding]) for (const device of plans.keys()) if (!peers.has(device)) plans.delete(device)
    for (const device of peers) this.#tend(device, now)
    for (const link of connections.all()) if (!link.proven && !link.relay && now - link.heardAt > unprovenMs) this.#parts.close(link, 'nothing was negotiated')
  }

  #tend(device: DeviceId, now: number): void {
    const links = this.#parts.connections.of(device).filter(isPeer)
    const [best] = links
    if (best === undefined) return
    const held = worthHolding(links)
    for (const link of links) if (!held.has(link)) this.#closeIfSuperfluous(link, best, now)
    if (best.path === 'relayed') this.#punch(device, now)
    else this.#punching.delete(device)
    if (best.path === 'relayed') this.#hold(device, now)
    else this.#holding.delete(device)
    if (best.path === 'relayed' || best.path === 'direct:webrtc') this.#improve(device, now)
    else this.#improving.delete(device)
  }

  #closeIfSuperfluous(link: Link, best: Link, now: number): void {
    const since = this.#betterSince.get(link) ?? now
    this.#betterSince.set(link, since)
    link.idleSince = link.streams.size > 0 ? undefined : (link.idleSince ?? now)
    const idle = link.idleSince !== undefined && now - link.idleSince >= idleMs
    const late = link.path === 'relayed' && best.path !== 'relayed' && now - since >= relayedBesideDirectMs
    if (idle || late) this.#parts.close(link, 'a better connection stands')
  }

  #improve(device: DeviceId, now: number): void {
    if (this.#parts.book.direct(device).length === 0 || !this.#due(this.#improving, device, now, 0)) return
    void this.#parts.ladder.improve(device)
  }

  #punch(device: DeviceId, now: number): void {
    const firstAfterMs = punchHeadStartMs + (this.#parts.device < device ? 0 : otherPunchesMs)
    if (!this.#parts.punches(device)) return
    if (!this.#punching.has(device)) this.#parts.warmUp()
    if (this.#due(this.#punching, device, now, firstAfterMs)) void this.#parts.ladder.punch(device)
  }

  /** Two who know their two nearest relays know the one with the shortest way between them: what is nearer for both would be among them. */
  #hold(device: DeviceId, now: number): void {
    const { connections, ladder } = this.#parts
    const firstAfterMs = holdAfterMs + (this.#parts.device < device ? 0 : otherHoldsMs)
    if (!this.#due(this.#holding, device, now, firstAfterMs)) return
    const twice = connections.connected().filter((other) => other !== device && worthHolding(connections.of(other)).size > 1)
    if (twice.length < peersHeldTwice) void ladder.hold(device, relaysHeld)
  }

  /** The first attempt is not left to the next tick: people wait for it. */
  #plan(now: number, afterMs: number): Plan {
    if (afterMs > 0) this.#parts.runtime.timers.after(afterMs, () => this.tick())
    return { attempt: 0, at: now + afterMs }
  }

  /** Whether it is time for the next attempt, which counts as made then. */
  #due(plans: Map<DeviceId, Plan>, device: DeviceId, now: number, firstAfterMs: number): boolean {
    const plan = plans.get(device) ?? this.#plan(now, firstAfterMs)
    plans.set(device, plan)
    if (now < plan.at) return false
    const waitMs = improveAfterMs[Math.min(plan.attempt + 1, improveAfterMs.length - 1)] as number
    const [spread = 0] = this.#parts.runtime.random.bytes(1)
    plans.set(device, { attempt: plan.attempt + 1, at: now + waitMs * (0.75 + spread / 512) })
    return true
  }
}

/** The best, and where that leads through a relay the best through the next one as well. */
function worthHolding(links: readonly Link[]): ReadonlySet<Link> {
  const [best] = links
  if (best?.path !== 'relayed') return new Set(links.slice(0, 1))
  const perRelay = Map.groupBy(links, ({ through }) => through)
  return new Set([...perRelay.values()].slice(0, relaysHeld).flatMap(([first]) => first ?? []))
}
