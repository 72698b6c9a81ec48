import type { Connection } from '@libp2p/interface'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { FrameStream } from '../../ports/network.ts'
import { hopProtocol, stopProtocol } from './circuit-messages.ts'
import { CircuitTransport } from './circuit-transport.ts'
import { defaultConnectionLimits, limitConnections, streamsPerConnection, streamsPerProtocol } from './connection-limits.ts'
import { pathOf } from './connection-path.ts'
import { Connections } from './connections.ts'
import { createNode, type Dial, type Libp2pNode } from './create-libp2p.ts'
import { deadline } from './deadline.ts'
import { DialLadder } from './dial-ladder.ts'
import { peerIdToDevice } from './device-peer-id.ts'
import { buryLink, closeLink } from './end-link.ts'
import { Heartbeat } from './heartbeat.ts'
import { LanSeeker } from './lan-seeker.ts'
import { isLoopback, portOf } from './listen-addresses.ts'
import { NatWatch } from './nat-watch.ts'
import { PathKeeper } from './path-keeper.ts'
import { answerPings, pingProtocol } from './pinger.ts'
import { Relays } from './relays.ts'
import type { SessionParts } from './session-parts.ts'
import { SocketGuard } from './socket-guard.ts'
import { Streams } from './streams.ts'
import { WebRtcTransport } from './webrtc-transport.ts'
import { whyOf } from './why.ts'

/** A peer negotiates a protocol in this time, or another connection is tried. */
const negotiateMs = 5_000
const stopMs = 1_500
const pingMs = 5_000
/** What has to show that it lives: after a stream was not answered, and beside a newer connection of the peer. */
const showLifeMs = { unanswered: 3_000, besideAnother: 1_500 } as const
/** A round trip over a fresh WebRTC connection. */
const confirmMs = 3_000

/** The network while it is switched on: from listening to the last connection closed. */
export class Session implements AsyncDisposable {
  readonly connections: Connections
  readonly relays: Relays
  readonly streams: Streams
  readonly nat: NatWatch
  readonly #parts: SessionParts
  readonly #stopping = new AbortController()
  readonly #ladder: DialLadder
  readonly #keeper: PathKeeper
  readonly #guard: SocketGuard
  readonly #lan: LanSeeker
  #node: Libp2pNode | undefined
  #heartbeat: Heartbeat | undefined
  #webRtc: WebRtcTransport | undefined

  private constructor(parts: SessionParts) {
    const { device, runtime, log, book, attempts } = parts
    this.#parts = parts
    this.connections = new Connections({
      device,
      timers: runtime.timers,
      onPeer: parts.onPeer,
      onBetter: parts.onBetter,
      onChange: ({ device: other }) => {
        this.#ladder.opened(other)
        this.relays.closed(other)
      },
    })
    const dial: Dial = (address, signal, answered) => this.#dial(address, signal, answered)
    this.relays = new Relays({
      runtime,
      log,
      book,
      connections: this.connections,
      dial,
      onFound: (code, peers) => {
        this.#ladder.relaysChanged()
        parts.onFound(code, peers)
      },
      onReady: () => [this.#ladder, this.#keeper, this.nat].forEach((each) => each.relaysChanged()),
    })
    this.#ladder = new DialLadder({ timers: runtime.timers, book, attempts, connections: this.connections, dial, throughRelays: (other) => this.relays.circuitsTo(other), stopping: this.#stopping.signal })
    this.streams = new Streams({ connections: this.connections, handlers: parts.handlers, runtime, log, stopping: this.#stopping.signal })
    this.nat = new NatWatch(this.relays, runtime, this.#stopping.signal)
    this.#guard = new SocketGuard(defaultConnectionLimits, runtime.timers, () => this.listeners().flat().map(portOf))
    this.#lan = new LanSeeker({
      runtime,
      log: log.scope('lan'),
      book,
      connections: this.connections,
      acquaintance: parts.acquaintance,
      addresses: () => this.#directAddresses().filter((address) => !isLoopback(address)),
      allowed: () => parts.lan() && !this.#stopping.signal.aborted,
      inMesh: () => this.relays.stands,
      onNearby: (other) => {
        this.learned(other)
        parts.onNearby(other)
      },
    })
    this.#keeper = new PathKeeper({ device, warmUp: () => this.#webRtc?.warmUp(), punches: (other) => parts.webRtc() && parts.acquaintance().has(other), runtime, book, connections: this.connections, ladder: this.#ladder, close: closeLink })
  }

  /** Listens and accepts. Throws what libp2p throws when it cannot listen. */
  static async start(parts: SessionParts): Promise<Session> {
    const session = new Session(parts)
    await session.#start()
    return session
  }

  /** What the listeners are bound to, one entry per listener. */
  listeners(): readonly (readonly Multiaddr[])[] {
    return this.#node?.services.inside.listeners() ?? []
  }

  /** Where others can dial this node now, each ending in its id. */
  addresses(): readonly string[] {
    return [...this.#directAddresses(), ...this.relays.ownCircuits(this.#parts.device)]
  }

  async handle(protocol: string): Promise<void> {
    await this.#node?.handle(protocol, (stream, connection) => this.streams.accept(protocol, stream, connection), {
      maxInboundStreams: streamsPerProtocol,
      maxOutboundStreams: streamsPerProtocol,
      runOnLimitedConnection: true,
      force: true,
    })
  }

  async open(device: DeviceId, protocol: string, signal: AbortSignal): Promise<FrameStream> {
    const search = this.#ladder.search(device)
    let why: string | undefined
    for (;;) {
      const link = await search.next(signal)
      if (signal.aborted) throw new AtollError('cancelled')
      if (this.#stopping.signal.aborted) throw new AtollError('offline')
      if (link === undefined) throw this.#unreachable(device, why ?? this.#summary(device))
      using limit = deadline(this.#parts.runtime.timers, negotiateMs, signal, this.#stopping.signal)
      try {
        const stream = await link.connection.newStream(protocol, { signal: limit.signal, maxOutboundStreams: streamsPerProtocol, runOnLimitedConnection: true })
        this.connections.prove(link.connection)
        return this.streams.wrap(link, stream)
      } catch (error) {
        if (error instanceof Error && error.name === 'UnsupportedProtocolError') throw this.#unreachable(device, `it does not speak ${protocol}`)
        why = limit.expired ? 'it did not answer in time' : whyOf(error)
        this.#parts.attempts.record(device, { kind: link.path, address: link.connection.remoteAddr.toString(), outcome: 'failed', why })
        // Dead perhaps, without knowing it: it must not be the first choice next time as well.
        if (limit.expired) void this.#heartbeat?.probe(link, showLifeMs.unanswered)
      }
    }
  }

  /** Closes all connections to a peer; what was sent before is still handed over. */
  drop(device: DeviceId, why: string): void {
    for (const link of this.connections.of(device)) closeLink(link, why)
  }

  /** Round trip over the best connection, or null. */
  async ping(device: DeviceId): Promise<number | null> {
    const best = this.connections.best(device)
    return best === undefined ? null : ((await this.#heartbeat?.ping(best, pingMs)) ?? null)
  }

  /** Addresses of a peer were learned: a direct one may be among them. */
  learned(device: DeviceId): void {
    this.#keeper.retry(device)
  }

  /** Stands behind these rendezvous codes, and answers on the local network as long as there are any. */
  stand(codes: readonly Uint8Array[]): void {
    this.relays.stand(codes)
    this.#lan.tick()
  }

  /** Who answers on the local network. */
  async nearby(signal: AbortSignal): Promise<readonly DeviceId[]> {
    return await this.#lan.nearby(AbortSignal.any([signal, this.#stopping.signal]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const why = 'the network is switched off'
    this.#stopping.abort(new Error(why))
    this.#heartbeat?.[Symbol.dispose]()
    this.relays[Symbol.dispose]()
    this.#lan[Symbol.dispose]()
    for (const { streams } of this.connections.all()) for (const stream of [...streams]) stream.close(why)
    using limit = deadline(this.#parts.runtime.timers, stopMs)
    const { promise: late, resolve } = Promise.withResolvers<undefined>()
    limit.signal.addEventListener('abort', () => resolve(undefined))
    await Promise.race([this.#node?.stop(), late])
    for (const { connection } of this.connections.all()) connection.abort(new Error(why))
    this.#guard[Symbol.dispose]()
  }

  async #start(): Promise<void> {
    const { runtime, log, key, listen, handlers, isBarred } = this.#parts
    const circuits = { isBarred, timers: runtime.timers, log: log.scope('circuit'), relay: (address: Multiaddr, signal: AbortSignal) => this.relays.connection(address, signal), reserved: (relay: Connection) => this.relays.reserved(relay), stopping: this.#stopping.signal }
    const webRtc = {
      log: log.scope('webrtc'),
      stun: () => this.relays.stun().flat(),
      known: (device: DeviceId) => this.#parts.webRtc() && this.#parts.acquaintance().has(device),
      signalOver: (device: DeviceId) => this.connections.best(device, ({ path }) => path === 'relayed')?.connection,
    }
    let transport: CircuitTransport | undefined
    const node = await createNode({
      key,
      listen,
      gater: limitConnections(defaultConnectionLimits, (peer) => {
        const device = peerIdToDevice(peer)
        return device === undefined || isBarred(device) ? Infinity : this.connections.count(device)
      }),
      transports: [({ upgrader }) => (transport = new CircuitTransport(circuits, upgrader)), (components) => (this.#webRtc = new WebRtcTransport(webRtc, components))],
      announced: () => this.addresses().map((address) => multiaddr(address)),
    })
    this.#node = node
    node.addEventListener('connection:open', ({ detail }) => this.#opened(detail))
    node.addEventListener('connection:close', ({ detail }) => {
      this.#guard.closed(detail)
      this.connections.closed(detail)
    })
    node.addEventListener('peer:identify', ({ detail }) => this.#identified(detail.connection, detail.listenAddrs, detail.protocols))
    node.addEventListener('peer:disconnect', ({ detail }) => {
      // libp2p keeps a record of every peer it ever saw; ours is the bounded one.
      node.peerStore.delete(detail).catch((error: unknown) => log.debug('peer_not_forgotten', { error: whyOf(error) }))
    })
    await node.handle(stopProtocol, (stream, relay) => transport?.accept(stream, relay), { maxInboundStreams: streamsPerConnection })
    await node.handle(pingProtocol, (stream, connection) => answerPings(stream, () => this.streams.heard(connection)), { maxInboundStreams: 8, maxOutboundStreams: 8, runOnLimitedConnection: true })
    for (const protocol of handlers.keys()) await this.handle(protocol)
    await node.start()
    this.#heartbeat = new Heartbeat({
      device: this.#parts.device,
      runtime,
      connections: this.connections,
      ownAddresses: this.#parts.ownAddresses,
      onDead: (link, why) => buryLink(link, why, log),
      onWake: (addresses, udpLives) => {
        log.info('woke')
        for (const link of this.connections.all()) {
          const own = this.#guard.ownAddress(link.connection)
          if (own !== undefined && !addresses.includes(own)) buryLink(link, 'this machine has left that network', log)
          // To find out takes seconds; to punch anew does not, and the relay is there meanwhile.
          else if (link.path === 'direct:webrtc' && !udpLives) buryLink(link, 'this machine slept or has left that network', log)
        }
        for (const each of [this.#ladder, this.relays, this.#keeper, this.#lan, this.nat]) each.retry()
      },
      onTick: () => {
        for (const each of [this.#keeper, this.relays, this.#lan, this.nat]) each.tick()
      },
    })
  }

  /** One address exactly. */
  async #dial(address: Multiaddr, signal: AbortSignal, answered?: () => void): Promise<Connection> {
    const { inside } = this.#node?.services ?? {}
    if (inside === undefined) throw new AtollError('offline')
    const connection = await this.#guard.dial(address, () => inside.dial(address, signal, answered))
    if (pathOf(address) === 'direct:webrtc' && !(await this.#confirm(connection))) throw new Error('it was said to be open, but nothing came back over it')
    return connection
  }

  /** Whether a connection is one: something comes back over it. Otherwise it is closed. */
  async #confirm(connection: Connection): Promise<boolean> {
    const link = this.connections.opened(connection)
    const rtt = link === undefined ? null : await this.#heartbeat?.ping(link, confirmMs)
    if (rtt === null || rtt === undefined) connection.abort(new Error('nothing came back'))
    else this.connections.prove(connection)
    return connection.status === 'open'
  }

  #opened(connection: Connection): void {
    this.#guard.upgraded(connection)
    const link = this.connections.opened(connection)
    if (link === undefined || connection.direction === 'outbound') return
    if (link.path === 'direct:webrtc') void this.#confirm(connection)
    // A peer that dials us anew may have lost the connection that we still believe in.
    for (const other of this.connections.of(link.device)) if (other !== link) void this.#heartbeat?.probe(other, showLifeMs.besideAnother)
  }

  #identified(connection: Connection, addresses: readonly Multiaddr[], spoken: readonly string[]): void {
    if (spoken.includes(hopProtocol)) return this.connections.markRelay(connection)
    const link = this.connections.prove(connection)
    if (link === undefined) return
    this.#parts.book.learn(link.device, addresses.map((address) => address.toString()))
    this.learned(link.device)
    this.#keeper.tick()
  }

  /** Loopback only where there is nothing else: it leads others to themselves. */
  #directAddresses(): readonly string[] {
    const own = this.listeners().flat().map(String)
    const beyond = own.filter((address) => !isLoopback(address))
    return (beyond.length > 0 ? beyond : own).map((address) => `${address}/p2p/${this.#parts.key.publicKey.toString()}`)
  }

  #summary(device: DeviceId): string {
    const [first] = this.#parts.attempts.of(device)
    return first === undefined ? 'no address of it is known' : `${first.address ?? first.kind}: ${first.why}`
  }

  #unreachable(device: DeviceId, why: string): AtollError {
    return new AtollError('peer_unreachable', { name: device.slice(0, 8), why })
  }
}
