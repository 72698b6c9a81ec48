import type { Connection, Stream } from '@libp2p/interface'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import type { Log } from '../../ports/log.ts'
import type { FrameStream } from '../../ports/network.ts'
import type { Runtime } from '../../ports/runtime.ts'
import { streamsPerPeer } from './connection-limits.ts'
import type { Connections, Link } from './connections.ts'
import { Libp2pFrameStream } from './frame-stream.ts'
import { whyOf } from './why.ts'

export interface StreamsParts {
  readonly connections: Connections
  readonly handlers: ReadonlyMap<string, (stream: FrameStream) => void>
  readonly runtime: Runtime
  readonly log: Log
  readonly stopping: AbortSignal
}

const peersCounted = 4096

interface Traffic {
  sent: number
  received: number
}

/** Makes frame streams of libp2p's, and hands those that others open to whoever handles their protocol. */
export class Streams {
  readonly #parts: StreamsParts
  readonly #traffic = new Map<DeviceId, Traffic>()

  constructor(parts: StreamsParts) {
    this.#parts = parts
  }

  accept(protocol: string, stream: Stream, connection: Connection): void {
    const { connections, handlers, stopping, log } = this.#parts
    const link = connections.prove(connection)
    const handler = handlers.get(protocol)
    if (link === undefined || handler === undefined || stopping.aborted) return stream.abort(new Error('not accepted'))
    const open = connections.of(link.device).reduce((sum, { streams }) => sum + streams.size, 0)
    if (open >= streamsPerPeer) return stream.abort(new Error('too many streams of one peer'))
    const frames = this.wrap(link, stream)
    try {
      handler(frames)
    } catch (error) {
      log.error('stream_handler_failed', { protocol, error: whyOf(error) })
      frames.reset('this side failed')
    }
  }

  wrap(link: Link, stream: Stream): Libp2pFrameStream {
    const traffic = this.#trafficWith(link.device)
    const frames = new Libp2pFrameStream({
      stream,
      remote: link.device,
      path: link.path,
      timers: this.#parts.runtime.timers,
      log: this.#parts.log,
      heard: (bytes) => {
        this.heard(link.connection)
        traffic.received += bytes
      },
      said: (bytes) => {
        traffic.sent += bytes
      },
      ended: (ended) => link.streams.delete(ended),
    })
    link.streams.add(frames)
    return frames
  }

  /** What went to a peer and came from it, in bytes. */
  traffic(device: DeviceId): Traffic {
    return this.#traffic.get(device) ?? { sent: 0, received: 0 }
  }

  #trafficWith(device: DeviceId): Traffic {
    const known = this.#traffic.get(device) ?? { sent: 0, received: 0 }
    this.#traffic.set(device, known)
    const [oldest] = this.#traffic.keys()
    if (this.#traffic.size > peersCounted && oldest !== undefined) this.#traffic.delete(oldest)
    return known
  }

  /** Something came over a connection. */
  heard(connection: Connection): void {
    const link = this.#parts.connections.link(connection)
    if (link !== undefined) link.heardAt = this.#parts.runtime.timers.elapsed()
  }
}
