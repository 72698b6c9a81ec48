/** One agent's session: an MCP server in front, the node behind, and where asked for a channel from one to the other. */
import type { Server } from '@modelcontextprotocol/server'
import { toAtollError } from '../ports/errors.ts'
import type { Client } from '../rpc/client-types.ts'
import { NodeLink, type NodeLinkOptions } from './node-link.ts'
import { createMcpServer, pushMessage } from './server.ts'

export interface AgentSessionOptions extends Pick<NodeLinkOptions, 'problem' | 'pause'> {
  readonly version: string
  /** Pushes messages into the session as they arrive, over Claude Code's channel. */
  readonly channel: boolean
  /** A path of the agent's, made absolute. */
  readonly absolute: (path: string) => string
  /** Attaches to the node as a session of the agent, whose name is known once it has said hello. */
  attach(start: boolean, agent: string | undefined, signal: AbortSignal): Promise<Client>
}

/** The agent asks for its tools first of all; the node is reached for after that, so that the answer comes at once. */
const settleMs = 150

/** Owns the connection to the node; the servers it makes share it. */
export class AgentSession implements AsyncDisposable {
  readonly #options: AgentSessionOptions
  readonly #link: NodeLink
  readonly #stop = new AbortController()
  #agent: string | undefined
  #server: Server | null = null

  constructor(options: AgentSessionOptions) {
    this.#options = options
    this.#link = new NodeLink({
      attach: (start, signal) => options.attach(start, this.#agent, signal),
      attached: (client) => void (options.channel && this.#push(client)),
      problem: options.problem,
      pause: options.pause,
    })
  }

  /** A server for one connection; its owner connects it to a transport. */
  createServer(): Server {
    const { version, channel, absolute, pause } = this.#options
    this.#server = createMcpServer({
      version,
      channel,
      absolute,
      client: () => this.#link.client(),
      initialized: (agent) => {
        this.#agent = agent
        void pause(settleMs, this.#stop.signal).then(() => this.#stop.signal.aborted || this.#link.begin())
      },
    })
    return this.#server
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#link[Symbol.asyncDispose]()
  }

  #push(client: Client): void {
    const failed = (error: unknown): void => {
      if (!this.#stop.signal.aborted) this.#options.problem(`messages are not pushed: ${toAtollError(error).message}`)
    }
    const event = (message: Parameters<typeof pushMessage>[1]) => void (this.#server === null || !message.unasked ? undefined : pushMessage(this.#server, message).catch(failed))
    client.message.watch({}, { event, signal: this.#stop.signal }).catch(failed)
  }
}
