import type { DeviceId } from '../../crdt/wire/ids.ts'
import type { Network } from '../ports/network.ts'
import type { Runtime } from '../ports/runtime.ts'
import type { Path } from '../ports/services.ts'
import { MemoryNetwork, type MemoryGround } from './memory-network.ts'
import { MemoryConnection, type ConnectionEnd } from './memory-network-connection.ts'
import { defaultLink, type Link, type LinkSettings, type LinkView } from './memory-network-link.ts'
import { Meetings } from './memory-network-meetings.ts'

export interface MemoryWorldOptions {
  /** Whose timers and random numbers everything here happens by. */
  readonly runtime: Runtime
  /** What links are like unless told otherwise. */
  readonly link?: Partial<LinkSettings>
  /** How long a rendezvous takes to tell. */
  readonly rendezvousMs?: number
}

export interface JoinOptions {
  readonly online?: boolean
}

/**
 * A world of peers without sockets: who can reach whom, how fast, and what goes wrong, at the word of a test.
 * Streams are ordered and reliable until they break; they may break at any moment, be slow, or stall.
 * There are no relays: everybody can dial everybody unless a link is cut.
 */
export class MemoryWorld implements MemoryGround {
  readonly runtime: Runtime
  readonly meetings: Meetings
  readonly #defaults: LinkSettings
  readonly #links = new Map<DeviceId, Map<DeviceId, Link>>()
  readonly #peers = new Map<DeviceId, MemoryNetwork>()
  readonly #connections = new Set<MemoryConnection>()
  #sweepAt = 64
  #groups: ReadonlyMap<DeviceId, number> = new Map()

  constructor({ runtime, link = {}, rendezvousMs = 20 }: MemoryWorldOptions) {
    this.runtime = runtime
    this.#defaults = { ...defaultLink, ...link }
    this.meetings = new Meetings(runtime.timers, rendezvousMs)
  }

  /** Puts a device on the network. Disposing the network takes it off; it may then join again, as after a restart. */
  join(device: DeviceId, { online = true }: JoinOptions = {}): Network {
    if (this.#peers.has(device)) throw new Error(`${device.slice(0, 8)} has already joined`)
    const network = new MemoryNetwork(this, device, online)
    this.#peers.set(device, network)
    return network
  }

  /** Splits the world: only those in one group reach each other. Those in no group are one more group. */
  partition(groups: readonly (readonly DeviceId[])[]): void {
    this.#groups = new Map(groups.flatMap((group, index) => group.map((device): [DeviceId, number] => [device, index])))
    this.#linksChanged()
  }

  /** Ends partitions, cuts and stalls. What connections survived go on where they were. */
  heal(): void {
    this.#groups = new Map()
    for (const link of [...this.#links.values()].flatMap((links) => [...links.values()])) {
      link.cut = false
      link.stalled = false
    }
    this.#linksChanged()
  }

  /** Nothing gets from `from` to `to` any more; nor back, unless `oneWay`. The connection dies of silence, in 15 s. */
  cut(from: DeviceId, to: DeviceId, { oneWay = false }: { readonly oneWay?: boolean } = {}): void {
    this.#link(from, to).cut = true
    if (!oneWay) this.#link(to, from).cut = true
    this.#linksChanged()
  }

  /** `to` stops reading what `from` sends; the connection stays. */
  stall(from: DeviceId, to: DeviceId): void {
    this.#link(from, to).stalled = true
    this.#linksChanged()
  }

  /** Ends a cut or stall, in both directions. */
  mend(a: DeviceId, b: DeviceId): void {
    for (const link of [this.#link(a, b), this.#link(b, a)]) {
      link.cut = false
      link.stalled = false
    }
    this.#linksChanged()
  }

  /** Every connection between the two breaks now; they may dial anew. */
  break(a: DeviceId, b: DeviceId): void {
    for (const connection of this.#peers.get(a)?.connectionsTo(b) ?? []) connection.break('the connection broke')
  }

  /** Changes how a link behaves, in both directions unless `oneWay`. A better path is told to both ends. */
  setLink(from: DeviceId, to: DeviceId, settings: Partial<LinkSettings>, { oneWay = false }: { readonly oneWay?: boolean } = {}): void {
    for (const [a, b] of oneWay ? [[from, to] as const] : [[from, to] as const, [to, from] as const]) {
      const link = this.#link(a, b)
      const former = link.settings.path
      link.settings = { ...link.settings, ...settings }
      if (former === 'relayed' && link.settings.path !== 'relayed') this.#peers.get(a)?.betterPath(b)
    }
  }

  // ---- what MemoryNetwork needs ----------------------------------------------------------------------

  peer(device: DeviceId): MemoryNetwork | undefined {
    return this.#peers.get(device)
  }

  left(network: MemoryNetwork): void {
    if (this.#peers.get(network.device) === network) this.#peers.delete(network.device)
  }

  path(from: DeviceId, to: DeviceId): Path {
    return this.#link(from, to).settings.path
  }

  connect(dialler: ConnectionEnd, answerer: ConnectionEnd): MemoryConnection {
    if (this.#connections.size >= this.#sweepAt) {
      for (const known of this.#connections) if (known.gone) this.#connections.delete(known)
      this.#sweepAt = Math.max(64, 2 * this.#connections.size)
    }
    const connection = new MemoryConnection(this.runtime.timers, dialler, answerer)
    this.#connections.add(connection)
    connection.linksChanged()
    return connection
  }

  view(from: DeviceId, to: DeviceId): LinkView {
    const link = this.#link(from, to)
    const { random } = this.runtime
    const chance = (): number => new DataView(random.bytes(4).buffer).getUint32(0) / 2 ** 32
    return {
      cut: () => link.cut || this.#groups.get(from) !== this.#groups.get(to),
      stalled: () => link.stalled,
      breaks: () => link.settings.breakChance > 0 && chance() < link.settings.breakChance,
      delay: () => link.settings.latencyMs + (link.settings.jitterMs > 0 ? chance() * link.settings.jitterMs : 0),
    }
  }

  #link(from: DeviceId, to: DeviceId): Link {
    const links = this.#links.get(from) ?? new Map<DeviceId, Link>()
    this.#links.set(from, links)
    const known = links.get(to)
    if (known !== undefined) return known
    const fresh: Link = { settings: this.#defaults, cut: false, stalled: false }
    links.set(to, fresh)
    return fresh
  }

  #linksChanged(): void {
    for (const connection of this.#connections) connection.linksChanged()
  }
}
