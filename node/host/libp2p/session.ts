import type { Connection, PrivateKey, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Log } from '../../ports/log.ts'
import type { FrameStream } from '../../ports/network.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { AddressBook } from './address-book.ts'
import type { Attempts } from './attempts.ts'
import { defaultConnectionLimits, limitConnections, streamsPerProtocol } from './connection-limits.ts'
import { Connections, type Link } from './connections.ts'
import { createNode, type Libp2pNode } from './create-libp2p.ts'
import { deadline } from './deadline.ts'
import { DialLadder } from './dial-ladder.ts'
import { peerIdToDevice } from './device-peer-id.ts'
import { Libp2pFrameStream } from './frame-stream.ts'
import { asError, whyOf } from './why.ts'

/** A peer negotiates a protocol in this time, or another connection is tried. */
const negotiateMs = 5_000
const stopMs = 1_500

export interface SessionParts {
  readonly device: DeviceId
  readonly key: PrivateKey
  readonly listen: readonly string[]
  readonly runtime: Runtime
  readonly log: Log
  readonly book: AddressBook
  readonly attempts: Attempts
  readonly handlers: ReadonlyMap<string, (stream: FrameStream) => void>
  readonly onPeer: (device: DeviceId, up: boolean) => void
  readonly onBetter: (device: DeviceId) => void
}

/** The network while it is switched on: from listening to the last connection closed. */
export class Session implements AsyncDisposable {
  readonly #parts: SessionParts
  readonly #node: Libp2pNode
  readonly #stopping: AbortController
  readonly connections: Connections
  readonly ladder: DialLadder

  private constructor(parts: SessionParts, node: Libp2pNode, stopping: AbortController, connections: Connections, ladder: DialLadder) {
    this.#parts = parts
    this.#node = node
    this.#stopping = stopping
    this.connections = connections
    this.ladder = ladder
  }

  static async start(parts: SessionParts): Promise<Session> {
    const stopping = new AbortController()
    const connections: Connections = new Connections({
      device: parts.device,
      timers: parts.runtime.timers,
      isRelay: () => false,
      onPeer: parts.onPeer,
      onBetter: parts.onBetter,
      onChange: ({ device }) => ladder.opened(device),
    })
    const node = await createNode({
      key: parts.key,
      listen: parts.listen,
      gater: limitConnections(defaultConnectionLimits, (peer) => {
        const device = peerIdToDevice(peer)
        return device === undefined ? Infinity : connections.of(device).length
      }),
      transports: [],
      announced: () => node.services.inside.listeners().flat(),
    })
    const ladder: DialLadder = new DialLadder({
      timers: parts.runtime.timers,
      book: parts.book,
      attempts: parts.attempts,
      connections,
      dial: (address, signal) => node.services.inside.dial(address, signal),
      throughRelays: () => [],
      stopping: stopping.signal,
    })
    const session = new Session(parts, node, stopping, connections, ladder)
    node.addEventListener('connection:open', ({ detail }) => connections.opened(detail))
    node.addEventListener('connection:close', ({ detail }) => connections.closed(detail))
    node.addEventListener('peer:identify', ({ detail }) => session.#identified(detail.connection, detail.listenAddrs))
    for (const protocol of parts.handlers.keys()) await session.handle(protocol)
    await node.start()
    return session
  }

  /** What the listeners are bound to, one entry per listener. */
  listeners(): readonly (readonly Multiaddr[])[] {
    return this.#node.services.inside.listeners()
  }

  async handle(protocol: string): Promise<void> {
    await this.#node.handle(protocol, (stream, connection) => this.#accept(protocol, stream, connection), {
      maxInboundStreams: streamsPerProtocol,
      maxOutboundStreams: streamsPerProtocol,
      runOnLimitedConnection: true,
      force: true,
    })
  }

  async open(device: DeviceId, protocol: string, signal: AbortSignal): Promise<FrameStream> {
    const tried = new Set<Link>()
    let why: string | undefined
    for (;;) {
      const link = await this.ladder.next(device, tried, signal)
      if (signal.aborted) throw new AtollError('cancelled')
      if (this.#stopping.signal.aborted) throw new AtollError('offline')
      if (link === undefined) throw this.#unreachable(device, why ?? this.#summary(device))
      tried.add(link)
      using limit = deadline(this.#parts.runtime.timers, negotiateMs, signal, this.#stopping.signal)
      try {
        const stream = await link.connection.newStream(protocol, { signal: limit.signal, maxOutboundStreams: streamsPerProtocol, runOnLimitedConnection: true })
        this.connections.prove(link.connection)
        return this.#wrap(link, stream)
      } catch (error) {
        if (error instanceof Error && error.name === 'UnsupportedProtocolError') throw this.#unreachable(device, `it does not speak ${protocol}`)
        why = limit.expired ? 'it did not answer in time' : whyOf(error)
      }
    }
  }

  /** Closes all connections to a peer; what was sent before is still handed over. */
  drop(device: DeviceId, why: string): void {
    for (const link of this.connections.of(device)) this.closeLink(link, why)
  }

  closeLink({ connection, streams }: Link, why: string): void {
    for (const stream of [...streams]) stream.close(why)
    connection.close().catch((error: unknown) => connection.abort(asError(error)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new Error('the network is switched off'))
    for (const { streams } of this.connections.all()) for (const stream of [...streams]) stream.close('the network is switched off')
    using limit = deadline(this.#parts.runtime.timers, stopMs)
    const { promise: late, resolve } = Promise.withResolvers<undefined>()
    limit.signal.addEventListener('abort', () => resolve(undefined))
    await Promise.race([this.#node.stop(), late])
  }

  #accept(protocol: string, stream: Stream, connection: Connection): void {
    const link = this.connections.prove(connection)
    const handler = this.#parts.handlers.get(protocol)
    if (link === undefined || handler === undefined || this.#stopping.signal.aborted) return stream.abort(new Error('not accepted'))
    const frames = this.#wrap(link, stream)
    try {
      handler(frames)
    } catch (error) {
      this.#parts.log.error('stream_handler_failed', { protocol, error: whyOf(error) })
      frames.reset('this side failed')
    }
  }

  #wrap(link: Link, stream: Stream): Libp2pFrameStream {
    const frames = new Libp2pFrameStream({
      stream,
      remote: link.device,
      path: link.path,
      timers: this.#parts.runtime.timers,
      log: this.#parts.log,
      heard: () => {
        link.heardAt = this.#parts.runtime.timers.elapsed()
      },
      ended: (ended) => link.streams.delete(ended),
    })
    link.streams.add(frames)
    return frames
  }

  #identified(connection: Connection, addresses: readonly Multiaddr[]): void {
    const link = this.connections.prove(connection)
    if (link !== undefined) this.#parts.book.learn(link.device, addresses.map((address) => address.toString()))
  }

  #summary(device: DeviceId): string {
    const [first] = this.#parts.attempts.of(device)
    return first === undefined ? 'no address of it is known' : `${first.address ?? first.kind}: ${first.why}`
  }

  #unreachable(device: DeviceId, why: string): AtollError {
    return new AtollError('peer_unreachable', { name: device.slice(0, 8), why })
  }
}
