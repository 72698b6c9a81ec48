/** The MCP server's connection to the node: made in the background, made again when the node comes back. */
import { AtollError, toAtollError } from '../ports/errors.ts'
import type { Client } from '../rpc/client-types.ts'

export interface NodeLinkOptions {
  /** Attaches to the node; with `start` it starts one where none runs. */
  attach(start: boolean, signal: AbortSignal): Promise<Client>
  /** Called with each new connection. */
  attached(client: Client): void
  /** Told why the node cannot be reached, once per reason. */
  problem(why: string): void
  /** Resolves after `milliseconds` or when the signal fires. */
  pause(milliseconds: number, signal: AbortSignal): Promise<void>
}

const firstPauseMs = 250
const longestPauseMs = 5_000

/**
 * Keeps one client. The first attempt starts a node where none runs; after that a node that went away is only
 * waited for, since whoever stopped it wanted it stopped, until a tool is called again.
 */
export class NodeLink implements AsyncDisposable {
  readonly #options: NodeLinkOptions
  readonly #stop = new AbortController()
  #current: Client | null = null
  #attaching: Promise<Client> | null = null
  #watching: Promise<void> | null = null
  #said = ''

  constructor(options: NodeLinkOptions) {
    this.#options = options
  }

  /** Begins to connect without waiting for it. */
  begin(): void {
    this.#watching ??= this.#keep()
  }

  /** A connected client; starts a node if need be. Rejects with why there is none. */
  async client(): Promise<Client> {
    this.begin()
    return this.#current ?? this.#attach(true)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new AtollError('cancelled'))
    await this.#watching
    await this.#current?.[Symbol.asyncDispose]()
  }

  async #keep(): Promise<void> {
    const { signal } = this.#stop
    let start = true
    let wait = firstPauseMs
    while (!signal.aborted) {
      try {
        const client = this.#current ?? (await this.#attach(start))
        start = false
        wait = firstPauseMs
        this.#said = ''
        await Promise.race([client.closed, aborted(signal)])
      } catch (error) {
        start = false
        this.#say(toAtollError(error).message)
        await this.#options.pause(wait, signal)
        wait = Math.min(wait * 2, longestPauseMs)
      }
    }
  }

  /** One attempt at a time, shared by all who wait for it. A call that may start a node waits out one that may not. */
  async #attach(start: boolean): Promise<Client> {
    if (this.#attaching !== null) {
      const shared = await this.#attaching.catch((error: unknown) => {
        if (!start) throw error
        return null
      })
      if (shared !== null) return shared
    }
    if (this.#current !== null) return this.#current
    this.#attaching ??= this.#options.attach(start, this.#stop.signal).finally(() => (this.#attaching = null))
    const client = await this.#attaching
    if (this.#current !== client) this.#adopt(client)
    return client
  }

  #adopt(client: Client): void {
    this.#current = client
    void client.closed.then(() => {
      if (this.#current === client) this.#current = null
    })
    this.#options.attached(client)
  }

  #say(why: string): void {
    if (why !== this.#said && !this.#stop.signal.aborted) this.#options.problem(why)
    this.#said = why
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
