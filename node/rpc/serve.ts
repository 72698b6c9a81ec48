/** The node's end of a connection: one attached session, many calls in flight. */
import { AtollError, toAtollError } from '../ports/errors.ts'
import { silentLog, type Log } from '../ports/log.ts'
import type { PeerHost, SessionHello } from '../ports/services.ts'
import { findOperation } from '../ops/index.ts'
import { runOp } from '../ops/run.ts'
import type { Duplex } from './duplex.ts'
import { FrameProblem, readFrames, request, rpcProtocol, type Request } from './frames.ts'
import { Outbox } from './outbox.ts'
import { toWire } from './wire-error.ts'

/** Calls that one connection may have in flight. */
export const callsPerConnection = 256
/** Above this many unsent bytes no further request is read: a client that does not listen cannot ask more. */
const readMark = 1024 * 1024
/** Above this many unsent bytes a stream of events is broken off. */
const eventMark = 8 * 1024 * 1024

export interface ServeOptions {
  /** Fires when the node stops: running calls are told, their answers still leave, then the channel closes. */
  readonly signal: AbortSignal
  /** Fires when a client has had its time to say hello. */
  readonly helloBy?: AbortSignal
  readonly log?: Log
}

/** Serves one client until it leaves or `signal` fires. Never rejects: what went wrong is logged and closes the channel. */
export async function serveRpc(duplex: Duplex, host: PeerHost, options: ServeOptions): Promise<void> {
  const log = (options.log ?? silentLog).scope('rpc')
  const connection = new Connection(duplex, host, log)
  const stop = () => connection.stop()
  const late = () => connection.giveUpOnHello()
  options.signal.addEventListener('abort', stop)
  options.helloBy?.addEventListener('abort', late)
  try {
    if (options.signal.aborted) return
    await connection.run()
  } catch (error) {
    if (error instanceof FrameProblem) log.warn('connection closed', { why: error.message })
    else log.error('connection failed', { why: toAtollError(error).message })
  } finally {
    options.signal.removeEventListener('abort', stop)
    options.helloBy?.removeEventListener('abort', late)
    await connection.end()
  }
}

type Call = Extract<Request, { type: 'call' }>
type Attached = Awaited<ReturnType<PeerHost['attach']>>

class Connection {
  readonly #duplex: Duplex
  readonly #host: PeerHost
  readonly #log: Log
  readonly #outbox: Outbox
  readonly #calls = new Map<number, { readonly abort: AbortController; readonly done: Promise<void> }>()
  #attached: Attached | null = null
  #silent = false

  constructor(duplex: Duplex, host: PeerHost, log: Log) {
    this.#duplex = duplex
    this.#host = host
    this.#log = log
    this.#outbox = new Outbox(duplex)
  }

  async run(): Promise<void> {
    for await (const frame of readFrames(this.#duplex.incoming, request)) {
      if (frame.type === 'hello') await this.#hello(frame.protocol, frame.session)
      else if (frame.type === 'cancel') this.#calls.get(frame.id)?.abort.abort(new AtollError('cancelled'))
      else this.#start(frame)
      await this.#outbox.below(readMark)
    }
    this.#silent = true
  }

  /** The node stops: whoever waits is told, whoever is nearly done may finish. */
  stop(): void {
    for (const call of this.#calls.values()) call.abort.abort(new AtollError('node_unreachable', { why: 'it is being stopped' }))
    void this.#settled().then(() => this.#duplex.close())
  }

  giveUpOnHello(): void {
    if (this.#attached === null) void this.#duplex.close()
  }

  async end(): Promise<void> {
    for (const call of this.#calls.values()) call.abort.abort(new AtollError('cancelled'))
    await this.#settled()
    await this.#attached?.[Symbol.asyncDispose]()
    await this.#duplex.close()
  }

  async #settled(): Promise<void> {
    await Promise.all([...this.#calls.values()].map((call) => call.done))
    await this.#outbox.below(0)
  }

  async #hello(protocol: number, session: SessionHello): Promise<void> {
    if (this.#attached !== null) throw new FrameProblem('a second hello')
    if (protocol !== rpcProtocol) this.#log.info('client of another protocol', { protocol })
    try {
      this.#attached = await this.#host.attach(session)
      this.#outbox.push({ type: 'hello', protocol: rpcProtocol, version: this.#host.version, session: this.#attached.session, name: this.#attached.name })
    } catch (error) {
      this.#outbox.push({ type: 'refused', version: this.#host.version, error: toWire(toAtollError(error)) })
    }
  }

  #start(call: Call): void {
    if (this.#attached === null) throw new FrameProblem('a call before the hello')
    if (this.#calls.has(call.id)) throw new FrameProblem(`two calls with the id ${call.id}`)
    if (this.#calls.size >= callsPerConnection) return this.#fail(call.id, new AtollError('busy', { what: `${callsPerConnection} calls are in flight on this connection` }))
    const abort = new AbortController()
    this.#calls.set(call.id, { abort, done: this.#run(call, abort, this.#attached.session) })
  }

  async #run(call: Call, abort: AbortController, session: string): Promise<void> {
    // Let #start register the call before its first step can end it.
    await Promise.resolve()
    try {
      const operation = findOperation(call.operation)
      if (operation === undefined) throw new AtollError('unknown_operation', { name: call.operation })
      const answer = await runOp(operation, this.#host, call.input, {
        mesh: call.mesh,
        session,
        signal: abort.signal,
        progress: (text, done, total, unit) => this.#push({ type: 'progress', id: call.id, text, ...(done === undefined ? {} : { done }), ...(total === undefined ? {} : { total }), ...(unit === undefined ? {} : { unit }) }),
        emit: (event) => this.#event(call.id, event, abort),
      })
      this.#push({ type: 'answer', id: call.id, answer })
    } catch (error) {
      const failure = toAtollError(error)
      if (failure.code === 'internal') this.#log.error('operation failed', { operation: call.operation, why: failure.message, stack: failure.cause instanceof Error ? failure.cause.stack : undefined })
      this.#fail(call.id, failure)
    } finally {
      this.#calls.delete(call.id)
    }
  }

  #event(id: number, event: unknown, abort: AbortController): void {
    if (abort.signal.aborted) return
    if (this.#outbox.bytes > eventMark) abort.abort(new AtollError('busy', { what: 'events came faster than they were read, so the stream was ended' }))
    else this.#push({ type: 'event', id, event })
  }

  #fail(id: number, error: AtollError): void {
    this.#push({ type: 'error', id, error: toWire(error) })
  }

  #push(frame: Parameters<Outbox['push']>[0]): void {
    if (!this.#silent) this.#outbox.push(frame)
  }
}
