import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Counters, type RelayStatus } from './counters.ts'
import { serveHttp, type HttpServer } from './http.ts'

const counters = new Counters()
counters.refuse('circuits_per_peer')
const status: RelayStatus = { uptimeMs: 61_500, connections: 7, reservations: 5, circuits: 2, circuitsOpened: 9, relayedBytes: 1234, stunAnswers: 3, codes: 4, watchers: 3, refused: counters.refused }
let server: HttpServer

beforeAll(async () => void (server = await serveHttp({ listen: { host: '127.0.0.1', port: 0 }, version: '1.2.3', connections: 10, status: () => status })))
afterAll(() => server.close())

const get = (path: string, init?: RequestInit) => fetch(server.url + path, init)

test('/health says that it is well', async () => {
  const response = await get('/health')
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8'])
  expect(await response.json()).toEqual({ ok: true, version: '1.2.3', uptime_s: 61 })
})

test('/metrics is what Prometheus reads: every sample after its type, one per name and label', async () => {
  const response = await get('/metrics')
  const lines = (await response.text()).trimEnd().split('\n')
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  for (const line of lines) expect(line).toMatch(/^(# HELP [a-z_]+ .+|# TYPE [a-z_]+ (gauge|counter)|[a-z_]+(\{[a-z]+="[^"]*"\})? \d+)$/)
  expect(lines).toEqual(expect.arrayContaining([
    'atoll_relay_info{version="1.2.3"} 1', 'atoll_relay_connections 7', 'atoll_relay_reservations 5', 'atoll_relay_circuits 2', 'atoll_relay_circuits_total 9',
    'atoll_relay_relayed_bytes_total 1234', 'atoll_relay_rendezvous_codes 4', 'atoll_relay_rendezvous_watchers 3', 'atoll_relay_refused_total{reason="circuits_per_peer"} 1', 'atoll_relay_refused_total{reason="slow_reader"} 0',
  ]))
  const samples = lines.filter((line) => !line.startsWith('#')).map((line) => line.replace(/ \d+$/, ''))
  expect(new Set(samples).size).toBe(samples.length)
})

test('T1: the invite page shows the one command and has nothing that could read the link', async () => {
  const response = await get('/i?utm=1')
  const page = await response.text()
  expect(response.status).toBe(200)
  expect(page).toContain('<pre>atoll join -</pre>')
  expect(page).not.toMatch(/<script|javascript:|\son\w+=|<(img|iframe|form|link|object|embed|base)\b|https?:/i)
  expect(page).toMatch(/prefers-color-scheme: dark/)
  expect(page).toMatch(/<meta name="viewport" content="width=device-width/)
  const [, style = ''] = /<style>([\s\S]*)<\/style>/.exec(page) ?? []
  const policy = response.headers.get('content-security-policy')
  expect(policy).toBe(`default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`)
})

test.each([['/', 200], ['/i', 200], ['/health', 200], ['/metrics', 200], ['/i/', 404], ['/../etc/passwd', 404], ['/favicon.ico', 404], ['/I', 404]])('%s is answered with %i and headers that keep it to itself', async (path, expected) => {
  const response = await get(path)
  expect(response.status).toBe(expected)
  expect(Object.fromEntries(['cache-control', 'x-content-type-options', 'referrer-policy', 'x-frame-options', 'set-cookie'].map((name) => [name, response.headers.get(name)])))
    .toEqual({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY', 'set-cookie': null })
  expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'/)
})

test('T8: only reading is allowed, without a body, with short headers', async () => {
  expect((await get('/health', { method: 'HEAD' })).status).toBe(200)
  const post = await get('/i', { method: 'POST', body: 'x' })
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  expect(await raw('GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello')).toMatch(/^HTTP\/1.1 413 /)
  expect(await raw(`GET /health HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(9000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /)
  expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
})

test('closing does not wait for connections that idle', async () => {
  const own = await serveHttp({ listen: { host: '127.0.0.1', port: 0 }, version: '1', connections: 10, status: () => status })
  const idle = connect(Number(new URL(own.url).port), '127.0.0.1')
  const closed = new Promise((resolve) => idle.once('close', resolve).on('error', resolve))
  await new Promise((resolve) => idle.once('connect', resolve))
  await own.close()
  await closed
})

test('H1: a port that is taken is named', async () => {
  const port = Number(new URL(server.url).port)
  await expect(serveHttp({ listen: { host: '127.0.0.1', port }, version: '1', connections: 1, status: () => status })).rejects.toThrow(`Cannot listen on 127.0.0.1:${port}`)
})

/** Sends bytes as they are and returns all that comes back before the server closes. */
async function raw(request: string): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.write(request)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(Buffer.from(chunk as Uint8Array))
  return Buffer.concat(chunks).toString()
}
