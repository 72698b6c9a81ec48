import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { metricsType } from '../crdt/wire/metrics-text.ts'
import type { RelayStatus } from './counters.ts'
import { homePage, invitePage, pagePolicy } from './invite-page.ts'
import { metrics } from './metrics.ts'
import { httpUrl, type HostPort } from './relay-addresses.ts'
import { RelayError } from './relay-error.ts'

export interface HttpParts {
  readonly listen: HostPort
  readonly version: string
  readonly connections: number
  readonly status: () => RelayStatus
}

export interface HttpServer {
  /** `http://host:port`, with an address that can be dialled from this machine. */
  readonly url: string
  close(): Promise<void>
}

interface Page {
  readonly type: 'text/html' | 'text/plain' | 'application/json' | typeof metricsType
  readonly body: string
}

/** The pages by path, each made when it is asked for. What stands behind a `?` is neither read nor logged. */
function pages({ version, status }: HttpParts): ReadonlyMap<string, () => Page> {
  return new Map<string, () => Page>([
    ['/', () => ({ type: 'text/html', body: homePage })],
    ['/i', () => ({ type: 'text/html', body: invitePage })],
    ['/health', () => ({ type: 'application/json', body: `${JSON.stringify({ ok: true, version, uptime_s: Math.floor(status().uptimeMs / 1000) })}\n` })],
    ['/metrics', () => ({ type: metricsType, body: metrics(status(), version) })],
  ])
}

/** Serves health, metrics and the page behind invite links. Reads no body, sets no cookie, logs nothing. Throws RelayError. */
export async function serveHttp(parts: HttpParts): Promise<HttpServer> {
  const known = pages(parts)
  const server = createServer({
    maxHeaderSize: 8 * 1024,
    headersTimeout: 5_000,
    requestTimeout: 10_000,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: 1_000,
  }, (request, response) => answer(known, request, response))
  server.maxConnections = parts.connections
  server.maxRequestsPerSocket = 100

  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(parts.listen.port, parts.listen.host, resolve)
  try {
    await promise
  } catch (error) {
    throw new RelayError({ problem: 'cannot_listen', address: `${parts.listen.host}:${parts.listen.port}`, why: error instanceof Error ? error.message : String(error) }, { cause: error })
  }
  const { port } = server.address() as AddressInfo
  return {
    url: httpUrl({ host: parts.listen.host, port }),
    close: () => new Promise<void>((closed) => {
      server.close(() => closed())
      server.closeAllConnections()
    }),
  }
}

function answer(known: ReadonlyMap<string, () => Page>, request: IncomingMessage, response: ServerResponse): void {
  const [path = ''] = (request.url ?? '').split('?')
  const make = known.get(path)
  if (make === undefined) return send(request, response, 404, { type: 'text/plain', body: 'There is no such page here.\n' })
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    return send(request, response, 405, { type: 'text/plain', body: 'This page can only be read.\n' })
  }
  if (request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) !== 0) {
    return send(request, response, 413, { type: 'text/plain', body: 'This page takes no content.\n' })
  }
  send(request, response, 200, make())
}

function send(request: IncomingMessage, response: ServerResponse, status: number, { type, body }: Page): void {
  const bytes = Buffer.from(body)
  // A body that we will not read must not be taken for the next request.
  if (status !== 200) response.setHeader('Connection', 'close')
  response.writeHead(status, {
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Length': bytes.length,
    'Content-Security-Policy': pagePolicy,
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), clipboard-read=()',
  })
  response.end(request.method === 'HEAD' ? undefined : bytes)
}
