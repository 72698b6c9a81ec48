import { createServer, connect } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { limits } from '../../crdt/wire/limits.ts'
import { MemoryPeer } from '../../test/doubles/memory-peer.ts'
import { socketDuplex } from '../host/socket-duplex.ts'
import { AtollError, type ErrorCode } from '../ports/errors.ts'
import type { SessionHello } from '../ports/services.ts'
import { createClient } from './client.ts'
import type { Client } from './client-types.ts'
import type { Duplex } from './duplex.ts'
import { createDuplexPair } from './duplex-pair.ts'
import { encodeFrame, readFrames, response, rpcProtocol } from './frames.ts'
import { callsPerConnection, serveRpc } from './serve.ts'

interface Line {
  readonly ours: Duplex
  readonly theirs: Duplex
}
type OpenLine = () => Promise<Line>

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

const inMemory: OpenLine = async () => {
  const [ours, theirs] = createDuplexPair()
  return { ours, theirs }
}

const unixSocket: OpenLine = async () => {
  const directory = mkdtempSync(join(tmpdir(), 'atoll-rpc-'))
  const path = join(directory, 's')
  const accepted = Promise.withResolvers<Duplex>()
  const server = createServer((socket) => accepted.resolve(socketDuplex(socket)))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const socket = connect(path)
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  const ours = socketDuplex(socket)
  cleanups.push(async () => {
    await ours.close()
    await new Promise<void>((resolve) => server.close(() => resolve()))
    rmSync(directory, { recursive: true })
  })
  return { ours, theirs: await accepted.promise }
}

const hello: SessionHello = { session: 's1', directory: '/work/thing', kind: 'mcp' }

async function connectTo(open: OpenLine, host = new MemoryPeer({ now: () => 1000 })) {
  const { ours, theirs } = await open()
  const stop = new AbortController()
  const served = serveRpc(theirs, host, { signal: stop.signal })
  const client = await createClient(ours, hello, { version: '0.1.0' })
  cleanups.push(async () => {
    await client[Symbol.asyncDispose]()
    await served
  })
  return { client, host, stop, served, ours }
}

const refusal = async (code: ErrorCode, work: Promise<unknown>): Promise<AtollError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AtollError)
  expect(error).toMatchObject({ code })
  return error as AtollError
}

/** Starts a watch and resolves when the node says that it watches. */
async function watching(client: Client, options: { signal?: AbortSignal; event?: (event: { key: string }) => void } = {}) {
  const ready = Promise.withResolvers<void>()
  const done = client.state.watch({}, { ...options, progress: () => ready.resolve() })
  await Promise.race([ready.promise, done])
  return done
}

describe.each([
  ['a pair in memory', inMemory],
  ['a Unix socket', unixSocket],
])('rpc over %s', (_, open) => {
  it('attaches a session and detaches it with the connection', async () => {
    const { client, host, served } = await connectTo(open)
    expect(client).toMatchObject({ version: '0.1.0', protocol: rpcProtocol, sessionId: 's1', sessionName: 'thing' })
    expect(host.sessions()).toHaveLength(1)
    await client[Symbol.asyncDispose]()
    await served
    expect(host.sessions()).toHaveLength(0)
  })

  it('carries calls, by name and by noun, and errors with their details', async () => {
    const { client } = await connectTo(open)
    await client.call('mesh.create', { name: 'crew' })
    await client.state.set({ key: 'a', value: { x: ['ü', 1.5, null] } })
    expect((await client.state.get({ key: 'a' })).value).toEqual({ x: ['ü', 1.5, null] })
    expect((await client.session.setStatus({ status: 'dnd' })).status).toBe('dnd')
    const error = await refusal('key_unknown', client.state.get({ key: 'b' }))
    expect(error.details).toEqual({ key: 'b' })
    await refusal('unknown_operation', client.callUntyped('no.such', {}))
    await refusal('mesh_unknown', client.state.list({}, { mesh: 'other' }))
  })

  it('keeps many calls in flight and answers each to its caller', async () => {
    const { client } = await connectTo(open)
    await client.mesh.create({ name: 'crew' })
    await Promise.all(Array.from({ length: 200 }, (_, i) => client.state.set({ key: `k${i}`, value: i })))
    const values = await Promise.all(Array.from({ length: 200 }, (_, i) => client.state.get({ key: `k${i}` })))
    expect(values.map((one) => one.value)).toEqual(Array.from({ length: 200 }, (_, i) => i))
  })

  it('T8 refuses more calls in flight than one connection may have, and serves on', async () => {
    const { client } = await connectTo(open)
    await client.mesh.create({ name: 'crew' })
    const abort = new AbortController()
    const waiting = Array.from({ length: callsPerConnection }, () => client.message.inbox({ wait: true }, { signal: abort.signal }).catch((error: AtollError) => error.code))
    await refusal('busy', client.state.list({}))
    abort.abort()
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['cancelled']))
    await expect.poll(() => client.state.list({}).then((answer) => answer.values, (error: AtollError) => error.code)).toEqual([])
  })

  it('carries large values both ways and refuses what no frame holds', async () => {
    const { client } = await connectTo(open)
    await client.mesh.create({ name: 'crew' })
    const large = 'ä'.repeat(60_000)
    for (let i = 0; i < 20; i++) await client.state.set({ key: `k${i}`, value: large })
    expect((await client.state.list({})).values.every((one) => one.value === large)).toBe(true)
    await refusal('value_too_large', client.state.set({ key: 'k', value: 'x'.repeat(limits.rpcFrameBytes) }))
    await client.state.list({ limit: 1 })
  })

  it('streams events and progress, and ends the stream at both ends when it is cancelled', async () => {
    const { client } = await connectTo(open)
    await client.mesh.create({ name: 'crew' })
    const abort = new AbortController()
    const keys: string[] = []
    const third = Promise.withResolvers<void>()
    const ready = Promise.withResolvers<void>()
    const stream = client.state.watch({}, { signal: abort.signal, event: ({ key }) => void (keys.push(key) === 3 && third.resolve()), progress: () => ready.resolve() })
    await ready.promise
    for (const key of ['a', 'b', 'c']) await client.state.set({ key, value: 1 })
    await third.promise
    expect(keys).toEqual(['a', 'b', 'c'])
    abort.abort()
    await refusal('cancelled', stream)
    await client.state.set({ key: 'd', value: 1 })
    expect(keys).toHaveLength(3)
  })

  it('tells waiting calls when the node stops', async () => {
    const { client, stop, served } = await connectTo(open)
    await client.mesh.create({ name: 'crew' })
    const ready = Promise.withResolvers<void>()
    const stream = client.state.watch({}, { progress: () => ready.resolve() })
    await ready.promise
    stop.abort()
    expect((await refusal('node_unreachable', stream)).message).toContain('being stopped')
    await served
    await client.closed
    await refusal('node_unreachable', client.state.list({}))
  })

  it('answers node.stop before it stops', async () => {
    const { client, host, stop, served } = await connectTo(open)
    void host.stopRequested.then(() => stop.abort())
    expect(await client.node.stop()).toEqual({})
    await served
    await client.closed
  })

  it('aborts what a client that went away was waiting for', async () => {
    const { client, served } = await connectTo(open)
    await client.mesh.create({ name: 'crew' })
    const stream = watching(client)
    await client[Symbol.asyncDispose]()
    await refusal('node_unreachable', stream)
    await served
  })
})

describe('rpc, hostile or broken', () => {
  const serve = (host = new MemoryPeer()) => {
    const [ours, theirs] = createDuplexPair()
    const served = serveRpc(theirs, host, { signal: new AbortController().signal })
    return { ours, served }
  }
  const frame = (value: unknown): Uint8Array => encodeFrame(value as never)

  it.each([
    ['a gigabyte frame', new Uint8Array([0x40, 0, 0, 0, 1])],
    ['bytes that are not JSON', new Uint8Array([0, 0, 0, 2, 0x7b, 0xff])],
    ['a frame out of shape', frame({ type: 'call', id: 'x' })],
    ['a call before the hello', frame({ type: 'call', id: 1, operation: 'node.status', input: {} })],
  ])('closes on %s', async (_, bytes) => {
    const { ours, served } = serve()
    // The pair takes the bytes or is closed before: both are in order.
    await ours.send(bytes).catch(() => {})
    await served
    const rest = []
    for await (const chunk of ours.incoming) rest.push(chunk)
    expect(rest).toEqual([])
  })

  it('closes when two calls have one id', async () => {
    const host = new MemoryPeer()
    host.join('crew', 'me', 'owner', [])
    const { ours, served } = serve(host)
    const sent = (async () => {
      await ours.send(frame({ type: 'hello', protocol: rpcProtocol, version: '0.1.0', session: hello }))
      for (let i = 0; i < 2; i++) await ours.send(frame({ type: 'call', id: 7, operation: 'message.inbox', input: { wait: true } }))
    })()
    for await (const one of readFrames(ours.incoming, response)) expect(['hello', 'error']).toContain(one.type)
    await Promise.allSettled([sent, served])
  })

  it('closes on a client that says no hello in time', async () => {
    const [, theirs] = createDuplexPair()
    const late = new AbortController()
    const served = serveRpc(theirs, new MemoryPeer(), { signal: new AbortController().signal, helloBy: late.signal })
    late.abort()
    await served
  })

  it('ends a stream that is not read, and bounds what waits for it', async () => {
    const host = new MemoryPeer()
    const { ours, served } = serve(host)
    host.join('crew', 'me', 'owner', [])
    const reader = ours.incoming[Symbol.asyncIterator]()
    await ours.send(frame({ type: 'hello', protocol: rpcProtocol, version: '0.1.0', session: hello }))
    await reader.next()
    await ours.send(frame({ type: 'call', id: 1, operation: 'state.watch', input: {} }))
    await reader.next()
    const state = host.services({ signal: new AbortController().signal }).state
    // From here on nobody reads: events pile up until the stream is ended.
    for (let i = 0; i < 200; i++) await state.set('k', 'x'.repeat(100_000))
    const frames = []
    const rest = { [Symbol.asyncIterator]: () => reader }
    for await (const one of readFrames(rest, response)) {
      frames.push(one)
      if (one.type === 'error') break
    }
    expect(frames.at(-1)).toMatchObject({ type: 'error', error: { code: 'busy' } })
    expect(frames.length).toBeLessThan(150)
    await ours.close()
    await served
  })

  it('a refused attachment is told with its reason', async () => {
    const host = new MemoryPeer()
    host.attach = async () => {
      throw new AtollError('busy', { what: 'too many sessions' })
    }
    const { ours, served } = serve(host)
    await refusal('busy', createClient(ours, hello, { version: '0.1.0' }))
    await served
  })

  it('a client gives up connecting when its signal fires', async () => {
    const [ours] = createDuplexPair()
    const abort = new AbortController()
    const connecting = createClient(ours, hello, { version: '0.1.0', signal: abort.signal })
    abort.abort()
    await refusal('cancelled', connecting)
  })

  it('frames survive any cut of the bytes', async () => {
    const whole = [...frame({ type: 'answer', id: 1, answer: 'ä' }), ...frame({ type: 'answer', id: 2, answer: [] })]
    for (const size of [1, 2, 3, 5, 7, whole.length]) {
      const chunks = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) => new Uint8Array(whole.slice(i * size, (i + 1) * size)))
      const frames = []
      for await (const one of readFrames((async function* () { yield* chunks })(), response)) frames.push(one)
      expect(frames).toEqual([{ type: 'answer', id: 1, answer: 'ä' }, { type: 'answer', id: 2, answer: [] }])
    }
  })
})
