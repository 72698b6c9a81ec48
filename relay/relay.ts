import { setMaxListeners } from 'node:events'
import type { Connection, PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { protocols } from '../crdt/wire/protocols.ts'
import { Budgets } from './budget.ts'
import { CircuitTable } from './circuit-table.ts'
import { Counters, type RelayStatus } from './counters.ts'
import { Doorway } from './doorway.ts'
import { serveHop } from './hop.ts'
import { hopProtocol } from './hop-messages.ts'
import { serveHttp, type HttpServer } from './http.ts'
import { PeerConnections, peerKey } from './peer-connections.ts'
import { RefusalLog } from './refusal-log.ts'
import { everyFamily, listenMultiaddr, parseAnnounce, parseHostPort, reachableAddresses, stunAddresses, type HostPort } from './relay-addresses.ts'
import { systemClock, type RelayClock } from './relay-clock.ts'
import { RelayError } from './relay-error.ts'
import { defaultLimits, type RelayLimits } from './relay-limits.ts'
import { errorKind, type RelayLog } from './relay-log.ts'
import { answerPings, pingProtocol, pingStreams } from './ping.ts'
import { createRelayNode, endpointOf, listenFailure, type RelayNode } from './relay-node.ts'
import { serveRendezvous } from './rendezvous.ts'
import { Reservations } from './reservations.ts'
import { serveStun, type Stun } from './stun.ts'

/** How often what is no longer needed is forgotten, and refusals are summed up in the log. */
const sweepMs = 30_000
/** How long peers may take to be told that the relay stops, and then everything to be closed by force. */
const farewellMs = 600
const forceMs = 300

export interface RelayOptions {
  readonly key: PrivateKey
  /** `HOST:PORT` each, where HOST is an IP address; port 0 picks a free one. */
  readonly listen: string
  readonly listenWs: string
  readonly http: string
  /** `HOST:PORT` for STUN over UDP, which also listens at the next port. Default: where TCP and WebSocket listen. */
  readonly stun?: string | undefined
  /** Addresses to hand out instead of those of this machine's interfaces: multiaddrs or `HOST:PORT`. */
  readonly announce?: readonly string[]
  readonly limits?: Partial<RelayLimits>
  readonly log: RelayLog
  readonly version: string
  readonly clock?: RelayClock
}

export interface Relay {
  /** The relay's peer id as text. */
  readonly peer: string
  /** Multiaddrs that end in `/p2p/<peer>`, best first. */
  readonly addresses: readonly string[]
  /** `http://host:port`. */
  readonly http: string
  /** UDP multiaddrs at which STUN is answered; clients learn them with their reservation. */
  readonly stun: readonly string[]
  status(): RelayStatus
  /** Closes everything and resolves within a second, whatever peers do. */
  stop(): Promise<void>
}

/** Starts a relay. Throws RelayError when it cannot listen or an address makes no sense. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const limits: RelayLimits = { ...defaultLimits, ...options.limits }
  const { log, version, clock = systemClock } = options
  const listen = { tcp: parseHostPort(options.listen), ws: parseHostPort(options.listenWs), http: parseHostPort(options.http) }
  const peer = peerIdFromPrivateKey(options.key).toString()
  const announce = (options.announce ?? []).map((text) => parseAnnounce(text, peer))
  const withPeer = (address: string): string => `${address}/p2p/${peer}`
  let addresses: readonly string[] = announce
  let stun: Stun | undefined
  const stunned = (): readonly string[] => stunAddresses(addresses, stun?.ports ?? [])
  const startedAt = clock.now()
  const stopping = new AbortController()
  setMaxListeners(0, stopping.signal)

  const refusals = new RefusalLog(log)
  const counters = new Counters((reason) => refusals.count(reason))
  const requests = new Budgets(limits.requestsPerPeerPerSecond, limits.requestsPerPeerBurst)
  const bytes = new Budgets(limits.bytesPerPeerPerSecond, limits.bytesPerPeerBurst)
  const stands = new Budgets(limits.standsPerPeerPerSecond, limits.standsPerPeerBurst)
  const answers = new Budgets(limits.stunPerAddressPerSecond, limits.stunPerAddressBurst)
  const arrivals = new Budgets(limits.connectionsPerAddressPerSecond, limits.connectionsPerAddress)
  const peers = new PeerConnections()
  const reservations = new Reservations(limits, clock)
  const circuits = new CircuitTable(limits)
  const rendezvous = serveRendezvous({ limits, clock, log, counters, stands, stopping: stopping.signal })
  const doorway = new Doorway({ limits, clock, counters, arrivals })
  const hop = serveHop({
    limits, clock, log, counters, peers, reservations, circuits, requests, bytes,
    addresses: () => [...addresses, ...stunned()].map((address) => multiaddr(withPeer(address)).bytes),
    addressOf: (connection) => doorway.group(endpointOf(connection.remoteAddr).address),
    stopping: stopping.signal,
  })
  const status = (): RelayStatus => ({
    uptimeMs: clock.now() - startedAt,
    connections: peers.size,
    reservations: reservations.size,
    circuits: circuits.size,
    circuitsOpened: counters.circuitsOpened,
    relayedBytes: counters.relayedBytes,
    stunAnswers: counters.stunAnswers,
    codes: rendezvous.codes,
    watchers: rendezvous.watchers,
    refused: { ...counters.refused },
  })

  let cancelSweep = (): void => {}
  const node = await createRelayNode({ key: options.key, listen: [...everyFamily(listen.tcp).map((one) => listenMultiaddr(one, 'tcp')), ...everyFamily(listen.ws).map((one) => listenMultiaddr(one, 'ws'))], limits, addresses: () => addresses })
  const http = await listenEverywhere()
  if (addresses.length === 0) addresses = reachableAddresses(node.services.listening.getAddrs())
  sweepLater()
  log.info('ready', { addresses: addresses.length })

  let stopped: Promise<void> | undefined
  return { peer, addresses: addresses.map(withPeer), http: http.url, stun: stunned(), status, stop: () => (stopped ??= stop()) }

  async function listenEverywhere(): Promise<HttpServer> {
    node.addEventListener('connection:open', ({ detail }) => opened(detail))
    node.addEventListener('connection:close', ({ detail }) => closed(detail))
    doorway.guard(listen.tcp.port, 'tcp')
    doorway.guard(listen.ws.port, 'ws')
    let server: HttpServer | undefined
    try {
      server = await serveHttp({ listen: listen.http, version, connections: limits.httpConnections, status })
      await node.handle(hopProtocol, hop, { maxInboundStreams: limits.circuitsPerPeer + 16 })
      await node.handle(pingProtocol, answerPings, { maxInboundStreams: pingStreams })
      await node.handle(protocols.rendezvous, rendezvous.handle, { maxInboundStreams: 4 })
      await node.start()
      stun = await serveStun({ listen: stunListen(), clock, log, counters, answers })
    } catch (error) {
      doorway.close()
      stun?.close()
      await server?.close()
      if (error instanceof RelayError) throw error
      throw new RelayError({ problem: 'cannot_listen', address: `${options.listen} or ${options.listenWs}`, why: listenFailure(error) }, { cause: error })
    }
    for (const { kind, port } of node.services.listening.getAddrs().map(endpointOf)) doorway.guard(port, kind)
    return server
  }

  /** Beside TCP and WebSocket; wherever there is room where those may be anywhere. */
  function stunListen(): readonly HostPort[] {
    if (options.stun === undefined) return [listen.tcp, listen.ws]
    const first = parseHostPort(options.stun)
    return [first, { host: first.host, port: first.port === 0 ? 0 : first.port + 1 }]
  }

  function opened(connection: Connection): void {
    const { kind, address, port } = endpointOf(connection.remoteAddr)
    doorway.upgraded(kind, address, port)
    peers.add(connection)
    const open = peers.of(peerKey(connection.remotePeer))
    if (open.length <= limits.connectionsPerPeer) return
    counters.refuse('connections_per_peer')
    open.at(-1)?.close().catch((error: unknown) => log.debug('close_failed', { error: errorKind(error) }))
  }

  function closed(connection: Connection): void {
    const { kind, address, port } = endpointOf(connection.remoteAddr)
    doorway.left(kind, address, port)
    if (peers.remove(connection)) reservations.drop(peerKey(connection.remotePeer))
  }

  function sweepLater(): void {
    cancelSweep = clock.after(sweepMs, () => {
      for (const budgets of [requests, bytes, stands, arrivals, answers]) budgets.sweep(clock.now())
      reservations.sweep()
      refusals.sumUp()
      forgetPeers(node, peers).catch((error: unknown) => log.warn('sweep_failed', { error: errorKind(error) }))
      sweepLater()
    })
  }

  async function stop(): Promise<void> {
    cancelSweep()
    stun?.close()
    stopping.abort(new Error('the relay stops'))
    const closing = Promise.allSettled([node.stop(), http.close()])
    const polite = await within(closing, farewellMs, clock)
    doorway.close()
    const outcomes = polite ?? (await within(closing, forceMs, clock))
    for (const outcome of outcomes ?? []) if (outcome.status === 'rejected') log.warn('stop_failed', { error: errorKind(outcome.reason) })
    log.info('stopped', { forced: polite === undefined, uptime_s: Math.floor((clock.now() - startedAt) / 1000) })
  }
}

/** What the promise resolves with, or undefined if it takes longer. */
function within<T>(promise: Promise<T>, ms: number, clock: RelayClock): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>()
  const cancel = clock.after(ms, () => resolve(undefined))
  return Promise.race([promise, late]).finally(cancel)
}

/** libp2p keeps a record of every peer it ever saw; the relay keeps none of who has left. */
async function forgetPeers(node: RelayNode, peers: PeerConnections): Promise<void> {
  for (const { id } of await node.peerStore.all()) {
    if (!id.equals(node.peerId) && peers.of(peerKey(id)).length === 0) await node.peerStore.delete(id)
  }
}
