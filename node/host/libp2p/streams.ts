import type { Connection, Stream } from '@libp2p/interface'
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

/** Makes frame streams of libp2p's, and hands those that others open to whoever handles their protocol. */
export class Streams {
  readonly #parts: StreamsParts

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
    const frames = new Libp2pFrameStream({
      stream,
      remote: link.device,
      path: link.path,
      timers: this.#parts.runtime.timers,
      log: this.#parts.log,
      heard: () => this.heard(link.connection),
      ended: (ended) => link.streams.delete(ended),
    })
    link.streams.add(frames)
    return frames
  }

  /** Something came over a connection. */
  heard(connection: Connection): void {
    const link = this.#parts.connections.link(connection)
    if (link !== undefined) link.heardAt = this.#parts.runtime.timers.elapsed()
  }
}
