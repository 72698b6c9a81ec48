import type { Connection } from '@libp2p/interface'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import type { Timers } from '../../ports/runtime.ts'
import { pathOf, pathRank, relayOf, type OpenPath } from './connection-path.ts'
import { peerIdToDevice } from './device-peer-id.ts'
import type { Libp2pFrameStream } from './frame-stream.ts'

/** Of this many round trips the shortest counts: one that waited behind other traffic says nothing about the way. */
const tripsKept = 5
/** Another relay is preferred when the way through it is this much shorter, so that nobody moves to and fro. */
const shorterBy = 0.8
const shorterByMs = 10

/** A connection to a peer as we keep it. */
export interface Link {
  readonly connection: Connection
  readonly device: DeviceId
  readonly path: OpenPath
  /** The id of the relay that it leads through, as text. */
  readonly through: string | undefined
  readonly streams: Set<Libp2pFrameStream>
  /** Something was negotiated over it: only then is it up (a refused dial succeeds first and breaks then). */
  proven: boolean
  /** The other end says that it is a relay: that is no peer, and nobody hears of it. */
  relay: boolean
  /** When anything was last received, by Timers.elapsed. */
  heardAt: number
  /** Since when it has been worse than another and without streams. */
  idleSince: number | undefined
  rttMs: number | null
  /** The last round trips, milliseconds. */
  trips: readonly number[]
}

export interface ConnectionsParts {
  readonly device: DeviceId
  readonly timers: Timers
  readonly onPeer: (device: DeviceId, up: boolean) => void
  /** A better way than before is up. */
  readonly onBetter: (device: DeviceId) => void
  /** A connection has opened, proven or not, or gone. */
  readonly onChange: (link: Link) => void
}

/** Which connections each peer has, and which of them is the best. */
export class Connections {
  readonly #parts: ConnectionsParts
  readonly #byPeer = new Map<DeviceId, Link[]>()
  readonly #byConnection = new WeakMap<Connection, Link>()
  /** The relay that is preferred for each peer that several lead to. */
  readonly #preferred = new Map<DeviceId, string | undefined>()

  constructor(parts: ConnectionsParts) {
    this.#parts = parts
  }

  opened(connection: Connection): Link | undefined {
    const device = peerIdToDevice(connection.remotePeer)
    const known = this.#byConnection.get(connection)
    if (known !== undefined || device === undefined || connection.status !== 'open') return known
    const link: Link = { connection, device, path: pathOf(connection.remoteAddr), through: relayOf(connection.remoteAddr), streams: new Set(), proven: false, relay: false, heardAt: this.#parts.timers.elapsed(), idleSince: undefined, rttMs: null, trips: [] }
    this.#byConnection.set(connection, link)
    this.#byPeer.set(device, [...(this.#byPeer.get(device) ?? []), link])
    this.#parts.onChange(link)
    return link
  }

  closed(connection: Connection): void {
    const link = this.#byConnection.get(connection)
    if (link === undefined) return
    const wasUp = this.#up(link.device)
    const left = (this.#byPeer.get(link.device) ?? []).filter((other) => other !== link)
    if (left.length > 0) this.#byPeer.set(link.device, left)
    else this.#byPeer.delete(link.device)
    if (!left.some(({ through }) => through === this.#preferred.get(link.device))) this.#preferred.delete(link.device)
    for (const stream of link.streams) stream.reset('the connection was lost')
    if (wasUp && !this.#up(link.device)) this.#parts.onPeer(link.device, false)
    this.#parts.onChange(link)
  }

  /** Something was negotiated over the connection: it is up. */
  prove(connection: Connection): Link | undefined {
    const link = this.opened(connection)
    if (link === undefined) return undefined
    link.heardAt = this.#parts.timers.elapsed()
    if (link.proven || connection.status !== 'open') return link
    const former = this.best(link.device, isPeer)
    link.proven = true
    if (former === undefined) this.#parts.onPeer(link.device, true)
    else if (pathRank(link.path) < pathRank(former.path)) this.#parts.onBetter(link.device)
    return link
  }

  /** A round trip was measured: of two relays the other may turn out to be the nearer, both ways together. */
  measured(link: Link, rttMs: number): void {
    link.rttMs = rttMs
    link.trips = [...link.trips, rttMs].slice(-tripsKept)
    const { device } = link
    const best = this.best(device, isPeer)
    if (best?.path !== 'relayed' || best.trips.length === 0) return
    const [nearest] = this.of(device).filter(isPeer).toSorted((a, b) => tripOf(a) - tripOf(b))
    const isNearer = nearest !== undefined && tripOf(nearest) < Math.min(tripOf(best) * shorterBy, tripOf(best) - shorterByMs)
    this.#preferred.set(device, isNearer ? nearest.through : best.through)
    if (isNearer && nearest.through !== best.through) this.#parts.onBetter(device)
  }

  /** The other end is a relay. */
  markRelay(connection: Connection): void {
    const link = this.opened(connection)
    if (link !== undefined) link.relay = true
  }

  link(connection: Connection): Link | undefined {
    return this.#byConnection.get(connection)
  }

  /**
   * All to one peer that are open, best first. WebRTC may report a connection that is none, so one counts only once
   * something came back over it.
   */
  of(device: DeviceId): readonly Link[] {
    const open = (this.#byPeer.get(device) ?? []).filter(({ connection, path, proven }) => connection.status === 'open' && (proven || path !== 'direct:webrtc'))
    const preferred = this.#preferred.get(device)
    const distances = new Map([...Map.groupBy(open, ({ through }) => through)].map(([relay, links]) => [relay, relay !== undefined && relay === preferred ? -1 : Math.min(...links.map(tripOf))]))
    return open.toSorted((a, b) => this.#compare(a, b, distances))
  }

  /** How many are open to one peer, whether they serve or not. */
  count(device: DeviceId): number {
    return (this.#byPeer.get(device) ?? []).filter(({ connection }) => connection.status === 'open').length
  }

  best(device: DeviceId, wanted: (link: Link) => boolean = () => true): Link | undefined {
    return this.of(device).find(wanted)
  }

  /** Peers with a connection that is up. */
  connected(): readonly DeviceId[] {
    return [...this.#byPeer.keys()].filter((device) => this.#up(device))
  }

  all(): readonly Link[] {
    return [...this.#byPeer.values()].flat()
  }

  #up(device: DeviceId): boolean {
    return this.#byPeer.get(device)?.some(isPeer) ?? false
  }

  /**
   * Better path first; of relays the preferred one, then the nearest. Of two through the same, which arise when both
   * sides dial at once, the one that the smaller device id dialled: both sides then prefer the same, and neither closes
   * what the other keeps. Of those, the newest.
   */
  #compare(a: Link, b: Link, distances: ReadonlyMap<string | undefined, number>): number {
    const nearer = a.through === b.through ? 0 : (distances.get(a.through) ?? unmeasured) - (distances.get(b.through) ?? unmeasured)
    return pathRank(a.path) - pathRank(b.path) || nearer || Number(this.#dialledByLarger(a)) - Number(this.#dialledByLarger(b)) || b.connection.timeline.open - a.connection.timeline.open
  }

  #dialledByLarger({ connection, device }: Link): boolean {
    const dialler = connection.direction === 'outbound' ? this.#parts.device : device
    return dialler !== (this.#parts.device < device ? this.#parts.device : device)
  }
}

/** Of a way that was not measured yet, in milliseconds. */
const unmeasured = 1e9

/** The shortest of the last round trips. */
function tripOf({ trips }: Link): number {
  return Math.min(unmeasured, ...trips)
}

/** Whether a connection is to a peer and up. */
export function isPeer({ proven, relay }: Link): boolean {
  return proven && !relay
}
