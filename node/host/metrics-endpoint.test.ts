import { request, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MemoryPeer } from '../../test/doubles/memory-peer.ts'
import { silentLog } from '../ports/log.ts'
import type { Services } from '../ports/services.ts'
import { MetricsEndpoint } from './metrics-endpoint.ts'

interface Got {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

let host: MemoryPeer
let endpoint: MetricsEndpoint
beforeEach(async () => {
  host = new MemoryPeer()
  endpoint = new MetricsEndpoint({ host, log: silentLog })
  await endpoint.serve('127.0.0.1:0')
})
afterEach(() => endpoint[Symbol.asyncDispose]())

const url = (): string => endpoint.served().url ?? ''
const port = (): number => Number(new URL(url()).port)

/** One request, with any headers: what fetch would not send. */
async function ask(headers: Record<string, string> = {}, { method = 'GET', path = '/metrics', body = '' } = {}): Promise<Got> {
  const { promise, resolve, reject } = Promise.withResolvers<Got>()
  const sent = request({ host: '127.0.0.1', port: port(), method, path, headers, agent: false }, (response) => {
    response.setEncoding('utf8').toArray().then((parts: string[]) => resolve({ status: response.statusCode, headers: response.headers, text: parts.join('') }), reject)
  })
  sent.once('error', reject).end(body)
  return promise
}

describe('metrics over HTTP', () => {
  test('are the answer of `node.metrics`, in the format that Prometheus reads', async () => {
    const { status, headers, text } = await ask()
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8', 'no-store'])
    expect(text).toContain('\n# TYPE atoll_operation_calls_total counter\natoll_operation_calls_total{operation="node.metrics"} 1\n')
    for (const line of text.trimEnd().split('\n')) expect(line).toMatch(/^(# HELP [a-z_]+ .+|# TYPE [a-z_]+ (gauge|counter|summary)|[a-z_]+(\{([a-z]+="[^"\\]*",?)+\})? [\d.e+-]+)$/)
    // Its own call, like any other.
    expect((await ask()).text).toContain('atoll_operation_calls_total{operation="node.metrics"} 2\n')
    expect(await ask({}, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' })
  })

  test('T8: a page of the web does not read them, under whatever name it was loaded', async () => {
    for (const name of ['evil.example', `evil.example:${port()}`, 'localhost.evil.example', '127.0.0.1.evil.example', '192.0.2.1', '[2001:db8::1]:9464']) {
      expect({ name, ...(await ask({ host: name })) }).toMatchObject({ name, status: 421, text: expect.not.stringContaining('atoll_') as string })
    }
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1.evil.example']) expect((await ask({ origin })).status).toBe(403)
    for (const name of ['localhost', `LOCALHOST:${port()}`, '127.0.0.1:1', '127.1.2.3', '[::1]:9464']) expect({ name, status: (await ask({ host: name })).status }).toEqual({ name, status: 200 })
    expect((await ask({ origin: 'http://localhost:3000' })).status).toBe(200)
    expect((await ask()).headers['access-control-allow-origin']).toBeUndefined()
  })

  test('T8: only reading is allowed, of one page, without a body, with short headers', async () => {
    expect(await ask({}, { path: '/metrics?x=1' })).toMatchObject({ status: 200 })
    for (const path of ['/', '/metrics/', '/../metrics', '/health']) expect((await ask({}, { path })).status).toBe(404)
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) expect(await ask({}, { method })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD', connection: 'close' } })
    expect((await ask({ 'content-length': '1' }, { body: 'x' })).status).toBe(413)
    expect((await ask({ x: 'x'.repeat(9_000) })).status).toBe(431)
  })

  test('H1: what keeps the node from answering is said with its code', async () => {
    const services = host.services.bind(host)
    host.services = (caller) => Object.create(services(caller), { node: { value: { metrics: async () => Promise.reject(new Error('no numbers')) } } }) as Services
    expect(await ask()).toMatchObject({ status: 503, text: expect.stringMatching(/^internal: .*no numbers/) as string })
  })
})

describe('where metrics are served', () => {
  test('is where the setting says: elsewhere when it changes, nowhere when it is empty', async () => {
    const before = url()
    await endpoint.serve('[::1]:0')
    expect(url()).toMatch(/^http:\/\/\[::1\]:\d+\/metrics$/)
    expect((await fetch(url())).status).toBe(200)
    await expect(fetch(before)).rejects.toThrow('fetch failed')
    await endpoint.serve('localhost:0')
    expect(url()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/)
    await endpoint.serve('')
    expect(endpoint.served()).toEqual({ url: null, problem: null })
  })

  test('H1: a port that is taken is said, with what to do, and the node goes on', async () => {
    await using other = new MetricsEndpoint({ host, log: silentLog })
    await other.serve(`127.0.0.1:${port()}`)
    expect(other.served()).toEqual({ url: null, problem: expect.stringMatching(/^Metrics cannot be served at 127\.0\.0\.1:\d+ \(.*EADDRINUSE.*\)\. `atoll config set metrics HOST:PORT`/) as string })
    await other.serve('127.0.0.1:0')
    expect(other.served().problem).toBeNull()
  })

  test('closing waits for nobody: not who idles, not who is half done asking, not for an answer', async () => {
    const services = host.services.bind(host)
    const asked = Promise.withResolvers<void>()
    host.services = (caller) => Object.create(services(caller), { node: { value: { metrics: () => (asked.resolve(), new Promise(() => {})) } } }) as Services
    const halves = ['', 'GET /metrics HTTP/1.1\r\nHost: lo', 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'].map((text) => {
      const socket = connect(port(), '127.0.0.1')
      socket.on('error', () => undefined).write(text)
      return new Promise((resolve) => socket.once('close', resolve))
    })
    await asked.promise
    await endpoint[Symbol.asyncDispose]()
    await Promise.all(halves)
    expect(url()).toBe('')
  })
})
