import { describe, expect, test } from 'vitest'
import type { SealedChunk } from '../../../crdt/blobs/chunk.ts'
import type { FileRoot } from '../../../crdt/blobs/tree.ts'
import { blobRequest } from '../../../crdt/blobs/frames.ts'
import { sodiumBlobCrypto as crypto } from '../../../crdt/crypto/blob-crypto.ts'
import { encode } from '../../../crdt/wire/codec.ts'
import { toHex, type BlobId, type DeviceId, type MeshId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { protocols } from '../../../crdt/wire/protocols.ts'
import type { BlobStore } from '../../ports/blobs.ts'
import type { SourceFile } from '../../ports/files.ts'
import { silentLog } from '../../ports/log.ts'
import type { Network } from '../../ports/network.ts'
import { MemoryWorld } from '../memory-network-world.ts'
import { proposeMesh } from '../mesh-handshake.ts'
import { VirtualRuntime } from '../virtual-runtime.ts'
import { BlobExchange } from './blob-exchange.ts'
import { FileFetch, type FetchNeeds } from './fetch.ts'
import { MemoryBlobStore } from './memory-blob-store.ts'
import { shareFile } from './share-file.ts'

const mesh = toHex(new Uint8Array(32).fill(9)) as MeshId
const key = new Uint8Array(32).fill(1)
const never = new AbortController().signal

interface Holder {
  readonly device: DeviceId
  readonly store: MemoryBlobStore
  readonly network: Network
  readonly exchange: BlobExchange
}

/** Devices with stores on a network in memory; all are admitted, save those that a test names. */
class Exchanges {
  readonly runtime = new VirtualRuntime({ seed: 1, turn: () => new Promise((done) => setImmediate(done)) })
  readonly world = new MemoryWorld({ runtime: this.runtime })
  readonly strangers = new Set<DeviceId>()
  readonly lies: DeviceId[] = []
  #count = 0

  device(wrap: (store: MemoryBlobStore) => Pick<BlobStore, 'has' | 'read'> = (store) => store, device = toHex(new Uint8Array(32).fill(++this.#count)) as DeviceId): Holder {
    const store = new MemoryBlobStore(this.runtime.clock)
    const network = this.world.join(device)
    const exchange = new BlobExchange({ network, runtime: this.runtime, store: wrapped(store, wrap(store)), crypto, log: silentLog, meshes: () => [mesh], isAdmitted: (_, remote) => !this.strangers.has(remote), onFault: () => undefined })
    return { device, store, network, exchange }
  }

  fetch(to: Holder, root: FileRoot, from: () => readonly Holder[], needs: Partial<FetchNeeds> = {}): FileFetch {
    return new FileFetch(root, key, {
      store: to.store,
      crypto,
      timers: this.runtime.timers,
      log: silentLog,
      peers: () => from().map(({ device }) => device),
      open: (remote, events, signal) => to.exchange.open(mesh, remote, events, signal),
      onLie: (remote) => void this.lies.push(remote),
      ...needs,
    })
  }

  done<T>(promise: Promise<T>, limitMs = 120_000): Promise<T> {
    return this.runtime.resolve(promise, limitMs)
  }

  /** A file as chunks, nodes included, in the order in which they were sealed. */
  async file(bytes: number): Promise<{ root: FileRoot; chunks: SealedChunk[] }> {
    const content = this.runtime.random.bytes(bytes)
    const chunks: SealedChunk[] = []
    const store = { put: async (batch: readonly SealedChunk[]) => void chunks.push(...batch) } as unknown as BlobStore
    const source: SourceFile = { size: bytes, read: async (into, at) => (into.set(content.subarray(at, at + into.length)), Math.min(into.length, bytes - at)), changed: async () => false, [Symbol.asyncDispose]: async () => {} }
    const root = await shareFile(source, key, { store, crypto, signal: never, progress: () => {} })
    return { root, chunks }
  }
}

/** Who asks, with all that came in, link by link. */
class Watched {
  readonly links: BlobId[][] = []
  readonly open: FetchNeeds['open']

  constructor(me: Holder) {
    this.open = (remote, events, signal) => {
      const came: BlobId[] = []
      this.links.push(came)
      return me.exchange.open(mesh, remote, { ...events, onChunk: (id, bytes) => (came.push(id), events.onChunk(id, bytes)) }, signal)
    }
  }

  /** Those that came more than once. */
  get twice(): BlobId[] {
    const all = this.links.flat()
    return all.filter((id, i) => all.indexOf(id) !== i)
  }
}

const wrapped = (store: BlobStore, by: Partial<BlobStore>): BlobStore => ({
  has: (ids) => store.has(ids),
  read: (ids) => store.read(ids),
  put: (chunks) => store.put(chunks),
  sweep: (live, since, signal) => store.sweep(live, since, signal),
  usage: () => store.usage(),
  [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  ...by,
})
const idsOf = (chunks: readonly SealedChunk[]): BlobId[] => chunks.map(({ id }) => id)
const sizeOf = (chunks: readonly SealedChunk[]): number => chunks.reduce((sum, { bytes }) => sum + bytes.length, 0)
const isWhole = (holder: Holder, chunks: readonly SealedChunk[]): boolean => holder.store.has(idsOf(chunks)).every((has) => has)

describe('fetching from peers', () => {
  test('B1 B3: five peers that each hold a part give the whole, each chunk once', async () => {
    const all = new Exchanges()
    const { root, chunks } = await all.file(12_000_000)
    const holders = Array.from({ length: 5 }, () => all.device())
    for (const [i, holder] of holders.entries()) await holder.store.put(chunks.filter((_chunk, n) => n % 5 === i))
    const me = all.device()
    const fetch = all.fetch(me, root, () => holders)
    await all.done(fetch.run(never))
    expect(isWhole(me, chunks)).toBe(true)
    expect(fetch.progress).toEqual({ done: root.length, total: root.length, fetched: sizeOf(chunks) })
    for (const { exchange } of holders) expect(exchange.sentBytes).toBeGreaterThan(1_000_000)
    expect(holders.reduce((sum, { exchange }) => sum + exchange.sentBytes, 0)).toBe(sizeOf(chunks))
  })

  test('B3: a peer that sends something else is named, asked for nothing more, and what it had comes from others', async () => {
    const all = new Exchanges()
    const { root, chunks } = await all.file(6_000_000)
    let given = 0
    const liar = all.device((store) => ({ has: (ids) => store.has(ids), read: async (ids) => (await store.read(ids)).map((bytes) => bytes?.map((byte, i) => (i === 5 && ++given > 3 ? byte ^ 1 : byte))) }))
    const honest = all.device()
    for (const { store } of [liar, honest]) await store.put(chunks)
    const me = all.device()
    await all.done(all.fetch(me, root, () => [liar, honest]).run(never))
    expect(all.lies).toEqual([liar.device])
    expect(isWhole(me, chunks)).toBe(true)
    for (const { id, bytes } of chunks) expect((await me.store.read([id]))[0]).toEqual(bytes)
    expect(honest.exchange.sentBytes).toBeGreaterThan(sizeOf(chunks) / 2)
  })

  test('B3: alone, a liar gives nothing, and the fetch waits for somebody honest', async () => {
    const all = new Exchanges()
    const { root, chunks } = await all.file(500_000)
    const liar = all.device((store) => ({ has: (ids) => store.has(ids), read: async (ids) => ids.map(() => new Uint8Array(100)) }))
    const honest = all.device()
    for (const { store } of [liar, honest]) await store.put(chunks)
    const me = all.device()
    const reachable = [liar]
    const running = all.fetch(me, root, () => reachable).run(never)
    await all.runtime.advance(30_000)
    expect(all.lies).toEqual([liar.device])
    expect(me.store.usage().chunks).toBe(0)
    reachable.push(honest)
    await all.done(running)
    expect(isWhole(me, chunks)).toBe(true)
  })

  test('B1: peers leave in the middle and come back; nothing that has come is asked for again', async () => {
    const all = new Exchanges()
    const { root, chunks } = await all.file(12_000_000)
    const [first, second] = [all.device(), all.device()]
    await first.store.put(chunks)
    const me = all.device()
    const fetch = all.fetch(me, root, () => [first, second])
    const running = fetch.run(never)
    await all.runtime.runUntil(() => fetch.progress.done > 3_000_000, 60_000)
    all.world.cut(me.device, first.device)
    all.world.break(me.device, first.device)
    await all.runtime.advance(60_000)
    const before = fetch.progress.done
    expect(before).toBeLessThan(root.length)
    await second.store.put(chunks.slice(0, 120))
    await all.runtime.advance(20_000)
    expect(fetch.progress.done).toBeGreaterThan(before)
    all.world.mend(me.device, first.device)
    await all.done(running)
    expect(isWhole(me, chunks)).toBe(true)
    // What was under way when it broke may come twice: no more than one window.
    expect(first.exchange.sentBytes + second.exchange.sentBytes).toBeLessThanOrEqual(sizeOf(chunks) + limits.blobWindowBytes + 500_000)
  })

  test('B1: when a better path opens, the fetch goes on over it at once; what came over the other is not asked for again', async () => {
    const all = new Exchanges()
    const { root, chunks } = await all.file(12_000_000)
    const [me, holder] = [all.device(), all.device()]
    await holder.store.put(chunks)
    all.world.setLink(me.device, holder.device, { path: 'relayed', latencyMs: 100 })
    const watched = new Watched(me)
    const fetch = all.fetch(me, root, () => [holder], { open: watched.open })
    me.network.onBetterPath((remote) => fetch.moved(remote))
    const running = fetch.run(never)
    for (const [i, part] of [3_000_000, 7_000_000].entries()) {
      await all.runtime.runUntil(() => fetch.progress.done > part, 60_000)
      const before = fetch.progress.done
      all.world.setLink(me.device, holder.device, { path: 'direct:tcp', latencyMs: 20 - 10 * i })
      // A stream, the handshake, what it holds, what is wanted: no pause between.
      await all.runtime.runUntil(() => watched.links.length === i + 2 && watched.links[i + 1]!.length > 0, 200)
      expect(fetch.progress.done - before).toBeLessThan(root.length / 2)
      all.world.setLink(me.device, holder.device, { path: 'relayed' })
    }
    await all.done(running)
    expect(isWhole(me, chunks)).toBe(true)
    expect([watched.links.length, watched.twice]).toEqual([3, []])
    expect(fetch.progress).toEqual({ done: root.length, total: root.length, fetched: sizeOf(chunks) })
    // What was under way is lost with each move, and no more.
    expect(holder.exchange.sentBytes).toBeLessThanOrEqual(sizeOf(chunks) + 2 * limits.blobWindowBytes)
  })

  test('a better path that opens while a link is being opened is used too', async () => {
    const all = new Exchanges()
    const { root, chunks } = await all.file(3_000_000)
    const [me, holder] = [all.device(), all.device()]
    await holder.store.put(chunks)
    all.world.setLink(me.device, holder.device, { path: 'relayed', latencyMs: 100 })
    const watched = new Watched(me)
    const fetch = all.fetch(me, root, () => [holder], { open: watched.open })
    const running = fetch.run(never)
    await all.runtime.advance(300)
    expect([watched.links.length, fetch.sources]).toEqual([1, 0])
    fetch.moved(holder.device)
    await all.done(running)
    expect(isWhole(me, chunks)).toBe(true)
    expect(watched.links.map((came) => came.length > 0)).toEqual([false, true])
    expect(watched.twice).toEqual([])
  })

  test('B1: when the link to the only holder breaks and stands again, the fetch goes on with the rest, soon', async () => {
    const all = new Exchanges()
    const { root, chunks } = await all.file(12_000_000)
    const [me, holder] = [all.device(), all.device()]
    await holder.store.put(chunks)
    const watched = new Watched(me)
    const fetch = all.fetch(me, root, () => [holder], { open: watched.open })
    const running = fetch.run(never)
    await all.runtime.runUntil(() => fetch.progress.done > 4_000_000, 60_000)
    const before = fetch.progress.done
    all.world.break(me.device, holder.device)
    await all.runtime.runUntil(() => fetch.progress.done > before + limits.blobWindowBytes, 3_000)
    await all.done(running)
    expect(isWhole(me, chunks)).toBe(true)
    expect([watched.links.length, watched.twice]).toEqual([2, []])
    expect(holder.exchange.sentBytes).toBeLessThanOrEqual(sizeOf(chunks) + limits.blobWindowBytes)
  })

  test('B1: a fetch that was broken off moves only the rest', async () => {
    const all = new Exchanges()
    const { root, chunks } = await all.file(12_000_000)
    const holder = all.device()
    await holder.store.put(chunks)
    const me = all.device()
    const stop = new AbortController()
    const first = all.fetch(me, root, () => [holder])
    const running = first.run(stop.signal)
    const ended = running.catch((error: unknown) => String(error))
    await all.runtime.runUntil(() => first.progress.done > 4_000_000, 60_000)
    stop.abort(new Error('enough'))
    expect(await all.done(ended)).toBe('Error: enough')
    const here = me.store.usage().bytes
    const sent = holder.exchange.sentBytes
    await all.runtime.advance(10_000)
    const again = all.fetch(me, root, () => [holder])
    await all.done(again.run(never))
    expect(isWhole(me, chunks)).toBe(true)
    expect(holder.exchange.sentBytes - sent).toBeLessThanOrEqual(sizeOf(chunks) - here + limits.blobWindowBytes)
    expect(again.progress.fetched).toBeLessThan(root.length - 3_000_000)
  })

  test('what a peer has not sent in five seconds another is asked for', async () => {
    const all = new Exchanges()
    const { root, chunks } = await all.file(3_000_000)
    const [stuck, quick] = [all.device(), all.device()]
    for (const { store } of [stuck, quick]) await store.put(chunks)
    const me = all.device()
    const fetch = all.fetch(me, root, () => [stuck, quick])
    const running = fetch.run(never)
    await all.runtime.runUntil(() => fetch.sources === 2, 10_000)
    all.world.stall(stuck.device, me.device)
    await all.done(running, 14_000)
    expect(isWhole(me, chunks)).toBe(true)
  })

  test('the rarest come first', async () => {
    const all = new Exchanges()
    const { root, chunks } = await all.file(12_000_000)
    const holders = [all.device(), all.device(), all.device()]
    const rare = chunks.slice(100, 110)
    for (const holder of holders) await holder.store.put(chunks.filter((chunk) => holder === holders[2] || !rare.includes(chunk)))
    const me = all.device()
    const order: BlobId[] = []
    const store = wrapped(me.store, { put: (batch) => (order.push(...idsOf(batch)), me.store.put(batch)) })
    await all.done(all.fetch(me, root, () => holders, { store }).run(never))
    const places = rare.map(({ id }) => order.indexOf(id))
    expect(Math.max(...places)).toBeLessThan(chunks.length * 0.75)
  })

  test('B6: a store without room ends the fetch with its code', async () => {
    const all = new Exchanges()
    const { root, chunks } = await all.file(3_000_000)
    const holder = all.device()
    await holder.store.put(chunks)
    const store = new MemoryBlobStore(all.runtime.clock, { quota: () => 1_000_000, disk: () => undefined, reserve: () => 0 })
    await expect(all.done(all.fetch(all.device(), root, () => [holder], { store }).run(never))).rejects.toMatchObject({ code: 'files_quota' })
    expect(store.usage().bytes).toBeLessThanOrEqual(1_000_000)
  })

  test('B4: chunks damaged in the own store are fetched again when they are nodes', async () => {
    const all = new Exchanges()
    const { root, chunks } = await all.file(3_000_000)
    const holder = all.device()
    await holder.store.put(chunks)
    const me = all.device()
    await me.store.put(chunks)
    me.store.damage(root.id)
    await all.done(all.fetch(me, root, () => [holder]).run(never))
    expect(isWhole(me, chunks)).toBe(true)
    expect(holder.exchange.sentBytes).toBe(chunks.find(({ id }) => id === root.id)!.bytes.length)
  })
})

describe('T8: serving chunks', () => {
  const raw = async (all: Exchanges, me: Holder, to: Holder): Promise<{ frames: Uint8Array[]; send(...ids: readonly BlobId[][]): void; closed(): string | undefined }> => {
    const stream = await all.done(me.network.open(to.device, protocols.blobs, never))
    const frames: Uint8Array[] = []
    let why: string | undefined
    await all.done(proposeMesh(stream, mesh, { device: me.device, runtime: all.runtime }, ({ onFrame, onClose }) => {
      onFrame((frame) => void frames.push(frame))
      onClose((closed) => void (why = closed))
    }))
    return { frames, send: (...lists) => lists.forEach((ids) => stream.send(encode(blobRequest, { type: 'want', ids }))), closed: () => why }
  }
  const anyId = toHex(new Uint8Array(32).fill(77)) as BlobId

  test('is for the admitted only, also once a stream is open', async () => {
    const all = new Exchanges()
    const { chunks } = await all.file(500_000)
    const [holder, me] = [all.device(), all.device()]
    await holder.store.put(chunks)
    const link = await raw(all, me, holder)
    link.send([chunks[0]!.id])
    await all.runtime.advance(1_000)
    expect(link.frames).toHaveLength(1)
    all.strangers.add(me.device)
    link.send([chunks[1]!.id])
    await all.runtime.advance(1_000)
    expect(link.frames).toHaveLength(1)
    expect(link.closed()).toBeDefined()
    const later = await raw(all, me, holder)
    await all.runtime.advance(1_000)
    expect(later.closed()).toBeDefined()
  })

  test('ends where too much is asked at once, or what is no request', async () => {
    const all = new Exchanges()
    const [holder, me] = [all.device(), all.device()]
    const many = Array.from({ length: limits.blobIdsPerFrame }, () => anyId)
    const link = await raw(all, me, holder)
    link.send(many, many)
    await all.runtime.advance(1_000)
    expect(link.frames).toHaveLength(2 * limits.blobIdsPerFrame)
    expect(link.closed()).toBeUndefined()
    link.send(many, many, [anyId])
    await all.runtime.advance(1_000)
    expect(link.closed()).toBeDefined()
  })

  test('so many streams of one peer and no more', async () => {
    const all = new Exchanges()
    const [holder, me] = [all.device(), all.device()]
    const links = []
    for (let i = 0; i <= limits.blobStreamsPerPeer; i++) links.push(await raw(all, me, holder))
    await all.runtime.advance(1_000)
    expect(links.map((link) => link.closed() !== undefined)).toEqual([...Array.from({ length: limits.blobStreamsPerPeer }, () => false), true])
  })
})
