/**
 * Where a scraper on this machine reads the node's numbers: GET /metrics over HTTP on loopback, as the setting `metrics`
 * says. It is a call of `node.metrics` like any other. Whoever can open a socket on this machine may read; a page of the
 * web may not (loopback.ts).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { metricsText, metricsType } from '../../crdt/wire/metrics-text.ts'
import { nodeMetrics } from '../ops/node/metrics.ts'
import { runOp } from '../ops/run.ts'
import { toAtollError } from '../ports/errors.ts'
import type { Log } from '../ports/log.ts'
import type { PeerHost } from '../ports/services.ts'
import { foreign } from './loopback.ts'

/** Scrapers of one machine, with room for those that hang. */
const connections = 16
const bounds = { maxHeaderSize: 8 * 1024, headersTimeout: 5_000, requestTimeout: 5_000, keepAliveTimeout: 5_000, connectionsCheckingInterval: 1_000 }

interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly text: string
}

export class MetricsEndpoint implements AsyncDisposable {
  readonly #host: PeerHost
  readonly #log: Log
  readonly #stop = new AbortController()
  #wanted = ''
  #server: Server | undefined
  #problem: string | null = null
  #switching: Promise<void> = Promise.resolve()

  constructor(needs: { readonly host: PeerHost; readonly log: Log }) {
    this.#host = needs.host
    this.#log = needs.log
  }

  /** Where it is served, and why not where it was to be. */
  served(): { readonly url: string | null; readonly problem: string | null } {
    const bound = this.#server?.address() as AddressInfo | null | undefined
    return { url: bound ? `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}/metrics` : null, problem: this.#problem }
  }

  /** Serves there from now on, and nowhere when it is empty. Resolves when it does, or cannot: a node is more than its numbers. */
  serve(address: string): Promise<void> {
    if (address !== this.#wanted) this.#switching = this.#switching.then(() => this.#switch(address))
    this.#wanted = address
    return this.#switching
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.serve('')
  }

  async #switch(address: string): Promise<void> {
    const before = this.#server
    this.#server = undefined
    this.#problem = null
    if (before) await closed(before)
    if (address === '' || this.#stop.signal.aborted) return
    try {
      this.#server = await this.#listen(address)
      this.#log.info('metrics_served', { url: this.served().url })
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#problem = `Metrics cannot be served at ${address} (${why}). \`atoll config set metrics HOST:PORT\` chooses another place.`
      this.#log.error('metrics_not_served', { address, why })
    }
  }

  #listen(address: string): Promise<Server> {
    const [, name = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? []
    const server = createServer(bounds, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        this.#log.error('metrics_failed', { why: String(error) })
        response.destroy()
      })
    })
    server.maxConnections = connections
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      // What `localhost` means is not left to a name service.
      server.listen(Number(port), name === 'localhost' ? '127.0.0.1' : name.replace(/^\[|\]$/g, ''), () => {
        server.off('error', reject).on('error', (error) => this.#log.error('metrics_failed', { why: error.message }))
        resolve(server)
      })
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, headers = {}, text } = refusal(request) ?? (await this.#page(response))
    const body = Buffer.from(text)
    response.writeHead(status, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': body.length,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'Cross-Origin-Resource-Policy': 'same-origin',
      // What was not read must not be taken for the next request.
      ...(status === 200 ? {} : { Connection: 'close' }),
      ...headers,
    })
    response.end(request.method === 'HEAD' ? undefined : body)
  }

  async #page(response: ServerResponse): Promise<Answer> {
    const left = new AbortController()
    response.once('close', () => left.abort())
    try {
      const { metrics } = await runOp(nodeMetrics, this.#host, {}, { signal: AbortSignal.any([left.signal, this.#stop.signal]) })
      return { status: 200, headers: { 'Content-Type': `${metricsType}; charset=utf-8` }, text: `${metricsText(metrics).join('\n')}\n` }
    } catch (error) {
      const { code, message } = toAtollError(error)
      return { status: 503, text: `${code}: ${message}\n` }
    }
  }
}

/** Resolves when nobody is connected any more, and nobody is waited for. */
function closed(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeAllConnections()
  return promise
}

function refusal({ url = '', method, headers }: IncomingMessage): Answer | undefined {
  const refused = foreign(headers)
  if (refused !== undefined) return { status: Number(refused.slice(0, 3)), text: 'This is for programs on this machine: ask for 127.0.0.1 or localhost, and not from a page of the web.\n' }
  if (url.split('?')[0] !== '/metrics') return { status: 404, text: 'There is only /metrics here.\n' }
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, headers: { Allow: 'GET, HEAD' }, text: 'Metrics can only be read.\n' }
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0) return { status: 413, text: 'Nothing is taken here.\n' }
  return undefined
}
