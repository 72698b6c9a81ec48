import type { Connection } from '@libp2p/interface'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { toHex, type DeviceId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Log } from '../../ports/log.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { RelayState } from '../../ports/services.ts'
import type { AddressBook } from './address-book.ts'
import type { Connections, Link } from './connections.ts'
import type { Dial } from './create-libp2p.ts'
import { deadline, pause } from './deadline.ts'
import { deviceOfAddress } from './device-of-address.ts'
import { deviceToPeerId } from './device-peer-id.ts'
import { FoundPeers } from './found-peers.ts'
import { pingProtocol } from './pinger.ts'
import { RelayClient } from './relay-client.ts'
import { RendezvousClient } from './rendezvous-client.ts'
import type { StunServer } from './stun-client.ts'
import { asError } from './why.ts'

const askMs = 8_000
/** Once one relay has named somebody, the others get so long. */
const othersMs = 400
/** A relay that is not kept is left when nothing ran over it for so long. */
const idleMs = 30_000
/** What runs over a connection by itself and needs no relay to stay. */
const background: ReadonlySet<string> = new Set([pingProtocol, '/ipfs/id/1.0.0', ''])

export interface RelaysParts {
  readonly runtime: Runtime
  readonly log: Log
  readonly book: AddressBook
  readonly connections: Connections
  readonly dial: Dial
  readonly onFound: (code: string, peers: readonly DeviceId[]) => void
  /** A relay that is kept can be used. */
  readonly onReady: () => void
}

interface Relay {
  readonly client: RelayClient
  readonly rendezvous: RendezvousClient
  idleSince: number | undefined
}

/** The relays: those in use, kept for good, and those that a question or a circuit needs for a while. */
export class Relays implements Disposable {
  readonly #parts: RelaysParts
  readonly #relays = new Map<DeviceId, Relay>()
  readonly #found: FoundPeers
  #used: readonly string[] = []
  #codes: readonly string[] = []

  constructor(parts: RelaysParts) {
    this.#parts = parts
    this.#found = new FoundPeers(parts.onFound)
  }

  /** Keeps exactly these from now on. */
  use(addresses: readonly string[]): void {
    this.#used = [...new Set(addresses)]
    const wanted = Map.groupBy(this.#used.filter((address) => deviceOfAddress(address) !== undefined), (address) => deviceOfAddress(address) as DeviceId)
    for (const [device, { client }] of [...this.#relays]) if (client.kept && client.addresses.join() !== wanted.get(device)?.join()) this.#leave(device)
    for (const [device, own] of wanted) {
      const { client, rendezvous } = this.#relay(device, own)
      client.keep()
      rendezvous.stand(this.#codes)
    }
  }

  stand(codes: readonly Uint8Array[]): void {
    this.#codes = codes.map(toHex)
    this.#found.keep(this.#codes)
    for (const { client, rendezvous } of this.#relays.values()) if (client.kept) rendezvous.stand(this.#codes)
  }

  /** Whether there is anything to be found by: a mesh, or an invite to it. */
  get stands(): boolean {
    return this.#codes.length > 0
  }

  states(): readonly RelayState[] {
    return this.#used.map((address) => {
      const device = deviceOfAddress(address)
      if (device === undefined) return { address, connected: false, reserved: false, rtt_ms: null, error: 'this is not the address of a relay: it must name a TCP port and end in /p2p/ID' }
      const link = this.#direct(device)
      const client = this.#relays.get(device)?.client
      return { address, connected: link !== undefined, reserved: client?.reserved ?? false, rtt_ms: link?.rttMs ?? null, error: client?.error ?? null }
    })
  }

  /** Who stands behind a code at any of these relays and those in use. Throws when no relay could be asked. */
  async lookUp(code: Uint8Array, addresses: readonly string[], signal: AbortSignal): Promise<readonly DeviceId[]> {
    const all = [...new Set([...addresses, ...this.#used])]
    const relays = Map.groupBy(all.filter((address) => deviceOfAddress(address) !== undefined), (address) => deviceOfAddress(address) as DeviceId)
    if (relays.size === 0 && all.length > 0) throw new AtollError('relay_unreachable', { address: all[0] ?? '', why: 'it is not the address of a relay' })
    const found: (readonly DeviceId[])[] = []
    const failures: unknown[] = []
    using limit = deadline(this.#parts.runtime.timers, askMs, signal)
    const first = Promise.withResolvers<undefined>()
    const asking = [...relays].map(async ([device, own]) => {
      try {
        const peers = await this.#ask(device, own, toHex(code), limit.signal)
        found.push(peers.toSorted())
        if (peers.length > 0) first.resolve(undefined)
      } catch (error) {
        failures.push(error)
      }
    })
    await Promise.race([Promise.all(asking), first.promise.then(() => pause(this.#parts.runtime.timers, othersMs, limit.signal))])
    if (signal.aborted) throw new AtollError('cancelled')
    if (failures.length === relays.size && relays.size > 0) throw asError(failures[0])
    return inTurns(found)
  }

  /** A connection to the relay of a circuit. */
  connection(address: Multiaddr, signal: AbortSignal): Promise<Connection> {
    const device = deviceOfAddress(address.toString())
    if (device === undefined) throw new AtollError('relay_unreachable', { address: address.toString(), why: 'it is not the address of a relay' })
    return this.#relay(device, [address.toString()]).client.connect(signal)
  }

  /** Whether the relay at the other end was asked to bring callers. */
  reserved(connection: Connection): boolean {
    return [...this.#relays.values()].some(({ client }) => client.kept && deviceToPeerId(client.relay).equals(connection.remotePeer))
  }

  /** Addresses of a peer through the relays in use: the connected first, of these the quickest. */
  circuitsTo(device: DeviceId): readonly Multiaddr[] {
    return this.#nearestFirst().flatMap(({ addresses }) => addresses.slice(0, 1).map((address) => multiaddr(circuit(address, device))))
  }

  /** Where each relay in use answers STUN, the quickest relay first. */
  stun(): readonly (readonly StunServer[])[] {
    return this.#nearestFirst().map(({ stun }) => stun).filter((servers) => servers.length > 0)
  }

  /** Where others reach this device through relays now. */
  ownCircuits(device: DeviceId): readonly string[] {
    return [...this.#relays.values()].filter(({ client }) => client.reserved).flatMap(({ client }) => client.addresses.map((address) => circuit(address, device)))
  }

  /** The machine woke or moved. */
  retry(): void {
    for (const { client } of this.#relays.values()) client.retryNow()
  }

  /** A connection to a relay is gone, and with it what the relay said. */
  closed(device: DeviceId): void {
    if (this.#relays.has(device) && this.#direct(device) === undefined) this.#found.forget(device)
  }

  /** Leaves relays that were only needed for a while. */
  tick(): void {
    const now = this.#parts.runtime.timers.elapsed()
    for (const [device, relay] of [...this.#relays]) {
      if (relay.client.kept) continue
      const links = this.#parts.connections.of(device)
      const busy = relay.rendezvous.asking || links.some(({ connection }) => connection.streams.some(({ protocol }) => !background.has(protocol)))
      if (busy) relay.idleSince = undefined
      else relay.idleSince ??= now
      if (relay.idleSince === undefined || now - relay.idleSince < idleMs) continue
      this.#drop(device, relay)
      for (const { connection } of links) connection.close().catch((error: unknown) => connection.abort(asError(error)))
    }
  }

  [Symbol.dispose](): void {
    for (const [device, relay] of [...this.#relays]) this.#drop(device, relay)
  }

  async #ask(device: DeviceId, addresses: readonly string[], code: string, signal: AbortSignal): Promise<readonly DeviceId[]> {
    const { client, rendezvous } = this.#relay(device, addresses)
    rendezvous.attach(await client.connect(signal))
    const address = addresses[0] ?? client.addresses[0] ?? ''
    const peers = await rendezvous.ask(code, signal)
    if (typeof peers === 'string') throw new AtollError('relay_unreachable', { address, why: peers })
    for (const peer of peers) this.#parts.book.learn(peer, [circuit(address, peer)])
    return peers
  }

  /** Those in use: the connected first, of these the quickest. */
  #nearestFirst(): readonly RelayClient[] {
    const rank = (relay: DeviceId): number => {
      const link = this.#direct(relay)
      return link === undefined ? Infinity : (link.rttMs ?? 1e6)
    }
    return [...this.#relays.values()]
      .filter(({ client }) => client.kept)
      .map(({ client }) => client)
      .toSorted((a, b) => Math.min(rank(a.relay), 1e9) - Math.min(rank(b.relay), 1e9))
  }

  #relay(device: DeviceId, addresses: readonly string[]): Relay {
    const known = this.#relays.get(device)
    known?.client.learn(addresses)
    if (known !== undefined) return known
    const { runtime, log, dial } = this.#parts
    const rendezvous = new RendezvousClient({ relay: device, runtime, log: log.scope('rendezvous'), onAnswer: (code, peers) => this.#found.answer(device, code, peers) })
    const client = new RelayClient({ relay: device, addresses, runtime, log: log.scope('relay'), dial, connected: () => this.#direct(device)?.connection, onReady: (connection) => (rendezvous.attach(connection), this.#parts.onReady()) })
    const relay: Relay = { client, rendezvous, idleSince: undefined }
    this.#relays.set(device, relay)
    return relay
  }

  /** A relay is reached directly: what comes through another relay is a peer that somebody mistook for one. */
  #direct(device: DeviceId): Link | undefined {
    return this.#parts.connections.best(device, ({ path }) => path !== 'relayed')
  }

  /** Not in use any more; circuits through it may go on, so it is left when it is idle. */
  #leave(device: DeviceId): void {
    const relay = this.#relays.get(device)
    if (relay === undefined) return
    this.#drop(device, relay)
    this.#relay(device, relay.client.addresses)
  }

  #drop(device: DeviceId, relay: Relay): void {
    relay.client[Symbol.dispose]()
    relay.rendezvous[Symbol.dispose]()
    this.#relays.delete(device)
    this.#found.forget(device)
  }
}

/** The first of each, then the second of each, each device once: no relay that names many crowds out what another names. */
function inTurns(answers: readonly (readonly DeviceId[])[]): readonly DeviceId[] {
  const longest = Math.max(0, ...answers.map(({ length }) => length))
  return [...new Set(Array.from({ length: longest }, (_, i) => answers.flatMap((answer) => answer[i] ?? [])).flat())]
}

function circuit(relay: string, device: DeviceId): string {
  return `${relay}/p2p-circuit/p2p/${deviceToPeerId(device).toString()}`
}
