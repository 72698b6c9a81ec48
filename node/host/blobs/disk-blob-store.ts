/**
 * Chunks on disk: append-only packs, synced first, and an index that can be made anew from them. One process writes, others
 * may read. What queues while a batch is written is the next batch.
 */
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { chunkFrameStart } from '../../../crdt/blobs/frames.ts'
import { idOfChunk, type SealedChunk } from '../../../crdt/blobs/chunk.ts'
import type { BlobCrypto } from '../../../crdt/crypto/blob-crypto.ts'
import type { BlobId } from '../../../crdt/wire/ids.ts'
import type { BlobStore, BlobUsage, Room, Swept } from '../../ports/blobs.ts'
import type { Log } from '../../ports/log.ts'
import type { Clock } from '../../ports/runtime.ts'
import { storageError } from '../../ports/storage-error.ts'
import { StoreError } from '../../ports/store.ts'
import { requireRoom } from '../../peer/blobs/require-room.ts'
import { openNodeSqlite, type Database } from '../sqlite-database.ts'
import { asStoreError, problemOf } from '../sqlite-errors.ts'
import { BlobIndex, type IndexedChunk } from './blob-index.ts'
import { headerBytes } from './pack-record.ts'
import { Packs } from './packs.ts'
import { readChunks } from './read-chunks.ts'
import { recoverPacks } from './recover-packs.ts'

const batchBytes = 8 * 1024 * 1024
/** A pack with less than this share of live bytes is copied and dropped. */
const worthKeeping = 0.5

export interface DiskBlobsOptions {
  readonly folder: string
  readonly crypto: BlobCrypto
  readonly clock: Clock
  readonly log: Log
  readonly room: Room
  readonly packBytes?: number
}

interface Waiting {
  readonly chunks: readonly SealedChunk[]
  done(): void
  failed(error: unknown): void
}

/** Opens (creates) the store of a directory, for the one process that writes to it. */
export async function openDiskBlobs(options: DiskBlobsOptions): Promise<DiskBlobStore> {
  const { folder, log, clock, crypto } = options
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const packs = new Packs(folder, options.packBytes ?? 128 * 1024 * 1024)
  const index = openIndex(join(folder, 'index.db'), log)
  const { recovery, newest } = recoverPacks(packs, index, crypto, clock.now())
  if (recovery.learnt + recovery.damaged + recovery.cut > 0) log.info('blobs_recovered', { ...recovery })
  if (newest) await packs.resume(newest.n, newest.size)
  return new DiskBlobStore(options, packs, index)
}

/** A damaged index is thrown away: the packs know better. */
function openIndex(path: string, log: Log): BlobIndex {
  try {
    return opened(openNodeSqlite(path, 'write'))
  } catch (error) {
    if (problemOf(error) !== 'corrupt') throw error
    log.error('blob_index_damaged', { path, why: String(error) })
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
    return opened(openNodeSqlite(path, 'write'))
  }
}

function opened(database: Database): BlobIndex {
  try {
    const [verdict] = database.prepare('PRAGMA quick_check(1)').get() ?? []
    if (verdict !== 'ok') throw new StoreError('corrupt', String(verdict))
    return new BlobIndex(database, 'write')
  } catch (error) {
    database.close()
    throw error
  }
}

export class DiskBlobStore implements BlobStore {
  readonly #options: DiskBlobsOptions
  readonly #packs: Packs
  readonly #index: BlobIndex
  #queue: Waiting[] = []
  #writing: Promise<void> | undefined
  /** Kept beside the index, which would have to count. */
  #usage: { chunks: number; bytes: number }

  constructor(options: DiskBlobsOptions, packs: Packs, index: BlobIndex) {
    this.#options = options
    this.#packs = packs
    this.#index = index
    this.#usage = { ...index.usage() }
  }

  has(ids: readonly BlobId[]): readonly boolean[] {
    return ids.map((id) => this.#index.find(id) !== undefined)
  }

  read(ids: readonly BlobId[]): Promise<readonly (Uint8Array | undefined)[]> {
    return readChunks(ids, this.#index, this.#packs, this.#options, ({ id, length }) => {
      this.#index.forget(id)
      this.#usage = { chunks: this.#usage.chunks - 1, bytes: this.#usage.bytes - length }
    })
  }

  put(chunks: readonly SealedChunk[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ chunks, done: resolve, failed: reject })
      this.#writing ??= this.#write()
    })
  }

  async sweep(live: AsyncIterable<readonly BlobId[]>, since: number, signal: AbortSignal): Promise<Swept> {
    this.#index.unmarkAll()
    for await (const ids of live) {
      signal.throwIfAborted()
      this.#index.mark(ids)
    }
    const { chunks, bytes } = this.#index.sweep(since)
    this.#index.unmarkAll()
    const freedBytes = await this.#alone(() => this.#compact(signal))
    this.#usage = { ...this.#index.usage() }
    return { chunks, bytes, freedBytes }
  }

  usage(): BlobUsage {
    return { ...this.#usage, diskBytes: this.#packs.bytes() }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing
    await this.#packs[Symbol.asyncDispose]()
    this.#index.close()
  }

  /** One batch after another, until nothing waits. */
  async #write(): Promise<void> {
    // What is asked for in one turn is one batch.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch()
      try {
        await this.#commit(batch.flatMap(({ chunks }) => chunks))
        for (const { done } of batch) done()
      } catch (error) {
        const refusal = problemOf(error) === undefined ? error : storageError(asStoreError(error))
        for (const { failed } of batch) failed(refusal)
      }
    }
    this.#writing = undefined
  }

  #takeBatch(): readonly Waiting[] {
    let bytes = 0
    let count = 0
    for (const { chunks } of this.#queue) {
      if (count > 0 && bytes >= batchBytes) break
      for (const chunk of chunks) bytes += chunk.bytes.length
      count++
    }
    return this.#queue.splice(0, count)
  }

  async #commit(chunks: readonly SealedChunk[]): Promise<void> {
    const fresh = new Map<BlobId, SealedChunk>()
    const again: BlobId[] = []
    for (const chunk of chunks) {
      if (this.#index.find(chunk.id)) again.push(chunk.id)
      else fresh.set(chunk.id, chunk)
    }
    const { clock, room } = this.#options
    if (fresh.size === 0) return this.#index.add([], again, undefined, clock.now())
    const bytes = [...fresh.values()].reduce((sum, chunk) => sum + chunk.bytes.length, 0)
    requireRoom(room, this.#usage.bytes, bytes + fresh.size * headerBytes)
    const { places, pack } = await this.#packs.append([...fresh.values()])
    this.#index.add(places, again, pack, clock.now())
    this.#usage = { chunks: this.#usage.chunks + fresh.size, bytes: this.#usage.bytes + bytes }
    for (const chunk of chunks) release(chunk.bytes)
  }

  /** Does something between two batches. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    while (this.#writing) await this.#writing
    const { promise, resolve } = Promise.withResolvers<undefined>()
    this.#writing = promise
    try {
      return await work()
    } finally {
      this.#writing = undefined
      resolve(undefined)
      if (this.#queue.length > 0) this.#writing = this.#write()
    }
  }

  /** Packs that are mostly dead weight are copied into the newest; the index moves, synced, before a file goes. */
  async #compact(signal: AbortSignal): Promise<number> {
    const weights = this.#index.weights()
    let freed = 0
    for (const n of this.#packs.numbers()) {
      const size = statSync(this.#packs.path(n)).size
      const live = weights.get(n) ?? 0
      if (signal.aborted || n === this.#packs.newest || live >= size * worthKeeping) continue
      await this.#copyOut(n)
      await this.#packs.drop(n)
      freed += size - live
    }
    return freed
  }

  /** Copies what is live of a pack, some MiB at a time. What is damaged stays behind: whoever needs it fetches it again. */
  async #copyOut(from: number): Promise<void> {
    const moved: IndexedChunk[] = []
    const to = new Map<number, number>()
    let batch: SealedChunk[] = []
    let bytes = 0
    const flush = async (): Promise<void> => {
      if (batch.length === 0) return
      const { places, pack } = await this.#packs.append(batch)
      moved.push(...places)
      to.set(pack.n, pack.size)
      batch = []
      bytes = 0
    }
    for (const chunk of this.#index.chunksOf(from)) {
      const [read] = (await this.#packs.read([chunk], 0)) as [Uint8Array]
      if (idOfChunk(this.#options.crypto, read) !== chunk.id) continue
      batch.push({ id: chunk.id, bytes: read })
      bytes += read.length
      if (bytes >= batchBytes) await flush()
    }
    await flush()
    this.#index.move(moved, to, from)
  }
}

/**
 * Gives memory back at once that is a chunk's alone: left to the collector, chunks that waited for the disk pile up until it
 * stops everything else.
 */
function release({ buffer, byteOffset, length }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && length > 0 && byteOffset <= chunkFrameStart && byteOffset + length === buffer.byteLength) buffer.transfer(0)
}
