/** The surface's end of a connection. */
import { AtollError, toAtollError } from '../ports/errors.ts'
import type { SessionHello } from '../ports/services.ts'
import type { CallOptions, Client } from './client-types.ts'
import type { Duplex } from './duplex.ts'
import { readFrames, response, rpcProtocol, type Response } from './frames.ts'
import { Outbox } from './outbox.ts'
import { fromWire } from './wire-error.ts'

export interface ClientOptions {
  /** This program's version. */
  readonly version: string
  /** The mesh of calls that name none. */
  readonly mesh?: string | undefined
  /** Gives up on connecting. */
  readonly signal?: AbortSignal
}

/** Says hello over a duplex and resolves with a typed client once the node has answered. */
export async function createClient(duplex: Duplex, hello: SessionHello, options: ClientOptions): Promise<Client> {
  const calls = new Calls(duplex, options.mesh)
  const abandon = () => void duplex.close()
  options.signal?.addEventListener('abort', abandon)
  try {
    options.signal?.throwIfAborted()
    const theirs = await calls.hello(hello, options.version)
    return withNouns({
      version: theirs.version,
      protocol: theirs.protocol,
      sessionId: theirs.session,
      sessionName: theirs.name,
      closed: calls.closed,
      call: calls.call.bind(calls) as unknown as Client['call'],
      callUntyped: calls.call.bind(calls),
      async [Symbol.asyncDispose]() {
        await duplex.close()
        await calls.closed
      },
    })
  } catch (error) {
    await duplex.close()
    if (options.signal?.aborted === true) throw new AtollError('cancelled', {}, { cause: error })
    throw error
  } finally {
    options.signal?.removeEventListener('abort', abandon)
  }
}

type Welcome = Extract<Response, { type: 'hello' }>
interface Pending {
  readonly options: CallOptions
  resolve(answer: unknown): void
  reject(error: AtollError): void
}

class Calls {
  readonly closed: Promise<void>
  readonly #outbox: Outbox
  readonly #mesh: string | undefined
  readonly #pending = new Map<number, Pending>()
  readonly #welcome = Promise.withResolvers<Welcome>()
  #next = 1
  #over: AtollError | null = null

  constructor(duplex: Duplex, mesh: string | undefined) {
    this.#mesh = mesh
    this.#outbox = new Outbox(duplex)
    // Whoever awaits hello() sees the rejection; without this line nobody might.
    this.#welcome.promise.catch(() => {})
    this.closed = this.#read(duplex)
  }

  hello(session: SessionHello, version: string): Promise<Welcome> {
    this.#outbox.push({ type: 'hello', protocol: rpcProtocol, version, session: { ...session } })
    return this.#welcome.promise
  }

  call(operation: string, input: unknown, options: CallOptions = {}): Promise<unknown> {
    const { signal, mesh = this.#mesh } = options
    return new Promise((resolve, reject) => {
      if (this.#over !== null) throw this.#over
      if (signal?.aborted === true) throw new AtollError('cancelled')
      const id = this.#next++
      const cancel = () => {
        this.#outbox.push({ type: 'cancel', id })
        this.#pending.get(id)?.reject(new AtollError('cancelled'))
      }
      const settle = () => {
        signal?.removeEventListener('abort', cancel)
        this.#pending.delete(id)
      }
      this.#outbox.push({ type: 'call', id, operation, input, ...(mesh === undefined ? {} : { mesh }) })
      signal?.addEventListener('abort', cancel)
      this.#pending.set(id, {
        options,
        resolve: (answer) => (settle(), resolve(answer)),
        reject: (error) => (settle(), reject(error)),
      })
    })
  }

  async #read(duplex: Duplex): Promise<void> {
    let over = new AtollError('node_unreachable', { why: 'it closed the connection' })
    try {
      for await (const frame of readFrames(duplex.incoming, response)) this.#take(frame)
    } catch (error) {
      over = new AtollError('node_unreachable', { why: toAtollError(error).message }, { cause: error })
    }
    this.#over = over
    this.#welcome.reject(over)
    for (const pending of [...this.#pending.values()]) pending.reject(over)
    await duplex.close()
  }

  #take(frame: Response): void {
    if (frame.type === 'hello') return this.#welcome.resolve(frame)
    if (frame.type === 'refused') return this.#welcome.reject(fromWire(frame.error))
    // An answer to a call that was cancelled here meanwhile finds nobody: that is in order.
    const pending = this.#pending.get(frame.id)
    if (frame.type === 'answer') pending?.resolve(frame.answer)
    else if (frame.type === 'error') pending?.reject(fromWire(frame.error))
    else if (frame.type === 'progress') pending?.options.progress?.(frame.text, frame.done, frame.total, frame.unit)
    else pending?.options.event?.(frame.event)
  }
}

/** Adds `client.noun.verb(…)`. The nouns are not listed anywhere: any property that is not the client's own is one. */
function withNouns(own: Omit<Client, keyof import('./client-types.ts').Nouns>): Client {
  const verbs = (noun: string) =>
    new Proxy({}, { get: (_, verb) => (typeof verb === 'string' ? (input: unknown = {}, options?: CallOptions) => own.callUntyped(`${noun}.${dashed(verb)}`, input, options) : undefined) })
  return new Proxy(own as Client, {
    get: (target, key): unknown => (key in target || typeof key === 'symbol' || key === 'then' ? Reflect.get(target, key) : verbs(key)),
  })
}

function dashed(verb: string): string {
  return verb.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
