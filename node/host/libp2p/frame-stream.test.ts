import type { Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { expect, test } from 'vitest'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { silentLog, type Log } from '../../ports/log.ts'
import { VirtualRuntime } from '../../peer/virtual-runtime.ts'
import { until } from '../../../test/contract/network-libp2p-world.ts'
import { Libp2pFrameStream } from './frame-stream.ts'

const remote = 'cd'.repeat(32) as DeviceId

interface Setup {
  readonly near: Libp2pFrameStream
  readonly raw: Stream
  readonly runtime: VirtualRuntime
  readonly closed: string[]
  readonly ended: Libp2pFrameStream[]
}

/** A frame stream, and the bare other end of its libp2p stream. */
async function setUp(log: Log = silentLog): Promise<Setup> {
  const runtime = new VirtualRuntime({ seed: 1 })
  const [stream, raw] = await streamPair({ capacity: 64 * 1024 })
  const closed: string[] = []
  const ended: Libp2pFrameStream[] = []
  const near = new Libp2pFrameStream({ stream, remote, path: 'direct:tcp', timers: runtime.timers, log, heard: () => {}, ended: (which) => ended.push(which) })
  near.onClose((why) => closed.push(why))
  return { near, raw, runtime, closed, ended }
}

/** A libp2p stream that takes one chunk and is full then, until it is told to drain. */
class FullStream extends EventTarget {
  status = 'open'
  readonly remoteWriteStatus = 'writable'
  writableNeedsDrain = false
  writeBufferLength = 0
  taken = 0

  send(chunk: Uint8Array): boolean {
    this.taken += chunk.length
    this.writeBufferLength += chunk.length
    this.writableNeedsDrain = true
    return false
  }

  drain(): void {
    this.writableNeedsDrain = false
    this.writeBufferLength = 0
    this.dispatchEvent(new Event('drain'))
  }

  abort(): void {
    this.status = 'aborted'
  }
}

function setUpFull(): Omit<Setup, 'raw'> & { readonly full: FullStream } {
  const runtime = new VirtualRuntime({ seed: 1 })
  const full = new FullStream()
  const closed: string[] = []
  const ended: Libp2pFrameStream[] = []
  const near = new Libp2pFrameStream({ stream: full as unknown as Stream, remote, path: 'direct:tcp', timers: runtime.timers, log: silentLog, heard: () => {}, ended: (which) => ended.push(which) })
  near.onClose((why) => closed.push(why))
  return { near, full, runtime, closed, ended }
}

test('small frames of one turn travel together', async () => {
  const { near, raw } = await setUp()
  const chunks: number[] = []
  raw.addEventListener('message', ({ data }) => chunks.push(data.byteLength))
  for (let i = 0; i < 100; i++) near.send(new Uint8Array(100))
  await until(() => chunks.reduce((sum, size) => sum + size, 0) === 10_100, 'all bytes')
  expect(chunks.length).toBeLessThan(5)
})

test('T8: a stream whose reader takes nothing for 15 s is closed; progress counts', async () => {
  const { near, full, runtime, closed, ended } = setUpFull()
  for (let i = 0; i < 3; i++) near.send(new Uint8Array(100_000))
  await runtime.advance(14_000)
  full.drain()
  await runtime.advance(14_000)
  full.drain()
  await runtime.advance(14_999)
  expect(closed).toEqual([])
  await runtime.advance(1)
  expect(closed).toEqual(['the other side has taken nothing for 15 s'])
  expect(ended).toEqual([near])
  expect(full.status).toBe('aborted')
  expect(runtime.pending, 'nothing is left to happen').toBe(0)
})

test('T8: a stream that holds more than four MiB unsent is closed, and holds nothing then', async () => {
  const { near, full, runtime, closed } = setUpFull()
  for (let i = 0; i < 15; i++) near.send(new Uint8Array(limits.frameBytes))
  await runtime.settle()
  expect(closed).toEqual([])
  near.send(new Uint8Array(limits.frameBytes))
  expect(closed).toEqual(['the other side takes nothing: too much is unsent'])
  near.send(new Uint8Array(limits.frameBytes))
  await runtime.settle()
  expect(full.taken, 'of it libp2p was handed one frame: the rest was held back').toBe(limits.frameBytes + 3)
})

test('a stream whose reader catches up loses nothing', async () => {
  const { near, full, runtime, closed } = setUpFull()
  for (let i = 0; i < 10; i++) near.send(new Uint8Array(limits.frameBytes))
  for (let i = 0; i < 20; i++) {
    await runtime.settle()
    full.drain()
  }
  await runtime.settle()
  expect(full.taken).toBe(10 * (limits.frameBytes + 3))
  await runtime.advance(60_000)
  expect(closed).toEqual([])
})

test('a closed stream ends in time, though the other side never closes its half', async () => {
  const { near, raw, runtime, closed } = await setUp()
  near.send(Uint8Array.of(1))
  near.close('done')
  expect(closed).toEqual(['done'])
  await until(() => raw.remoteWriteStatus === 'closed', 'the other side sees the end')
  expect(raw.status).toBe('open')
  await runtime.advance(5_001)
  await until(() => raw.status !== 'open', 'cut')
})

test('what ends a stream is told: a reset, a lost connection, a close', async () => {
  const reset = await setUp()
  reset.raw.abort(new Error('no'))
  await until(() => reset.closed.length > 0, 'reset')
  expect(reset.closed).toEqual(['the connection was lost'])
  const close = await setUp()
  close.near.onFrame(() => {})
  await close.raw.close()
  await until(() => close.closed.length > 0, 'close')
  expect(close.closed).toEqual(['closed by the other side'])
})

test('a reader that throws loses its stream, not the process, and is written to the log', async () => {
  const errors: string[] = []
  const { near, raw, closed } = await setUp({ ...silentLog, error: (event, fields) => errors.push(`${event} ${fields?.['error']}`) })
  near.onFrame(() => {
    throw new Error('cannot read this')
  })
  raw.send(Uint8Array.of(1, 7))
  await until(() => closed.length > 0, 'closed')
  expect(closed).toEqual(['this side failed to read a frame'])
  expect(errors).toEqual(['frame_reader_failed cannot read this'])
})
