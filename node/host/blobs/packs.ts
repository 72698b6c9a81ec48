/** The pack files of a directory: appending to the newest, reading from any. */
import { constants, fsyncSync, openSync, closeSync, readdirSync, rmSync, statSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { SealedChunk } from '../../../crdt/blobs/chunk.ts'
import { fromHex } from '../../../crdt/wire/ids.ts'
import type { IndexedChunk } from './blob-index.ts'
import { headerBytes, packName, packOfName, recordHeader, type Place } from './pack-record.ts'

/** More buffers than this the system does not take at once. */
const buffersAtOnce = 512
const openForReading = 32

interface Newest {
  readonly n: number
  readonly file: FileHandle
  /** Up to here everything is synced. */
  size: number
}

export class Packs implements AsyncDisposable {
  readonly #folder: string
  readonly #packBytes: number
  readonly #reading = new Map<number, Promise<FileHandle>>()
  #newest: Newest | undefined
  #next: number

  /** @param packBytes a pack that is longer gets nothing more */
  constructor(folder: string, packBytes: number) {
    this.#folder = folder
    this.#packBytes = packBytes
    this.#next = Math.max(0, ...this.numbers()) + 1
  }

  /** In ascending order. */
  numbers(): readonly number[] {
    return readdirSync(this.#folder).flatMap((name) => packOfName(name) ?? []).sort((a, b) => a - b)
  }

  path(pack: number): string {
    return join(this.#folder, packName(pack))
  }

  /** What all of them take on disk. One that is listed may be gone a moment later: whoever only reads has another process beside it. */
  bytes(): number {
    return this.numbers().reduce((sum, n) => sum + (statSync(this.path(n), { throwIfNoEntry: false })?.size ?? 0), 0)
  }

  /** The pack that is written to. */
  get newest(): number | undefined {
    return this.#newest?.n
  }

  /** Goes on with a pack that ends at `size`. */
  async resume(pack: number, size: number): Promise<void> {
    if (size < this.#packBytes) this.#newest = { n: pack, file: await open(this.path(pack), constants.O_RDWR), size }
  }

  /**
   * Appends chunks and syncs. Throws the file system's own error; then nothing was appended.
   * @returns where they lie, and how long the pack is now
   */
  async append(chunks: readonly SealedChunk[]): Promise<{ readonly places: readonly IndexedChunk[]; readonly pack: { readonly n: number; readonly size: number } }> {
    const newest = (this.#newest ??= await this.#start())
    const places: IndexedChunk[] = []
    const buffers: Uint8Array[] = []
    let at = newest.size
    for (const { id, bytes } of chunks) {
      buffers.push(recordHeader(fromHex(id), bytes.length), bytes)
      places.push({ id, pack: newest.n, start: at + headerBytes, length: bytes.length })
      at += headerBytes + bytes.length
    }
    try {
      await writeAll(newest.file, buffers, newest.size)
      await newest.file.datasync()
    } catch (error) {
      await this.#abandon(newest)
      throw error
    }
    newest.size = at
    if (at >= this.#packBytes) await this.#finish()
    return { places, pack: { n: newest.n, size: at } }
  }

  /**
   * The bytes of records that follow one another in one pack, each in memory of its own behind `spare` bytes. Where the pack
   * ends before, what is missing is not the record's. Throws the file system's own error.
   */
  async read(places: readonly Place[], spare: number): Promise<readonly Uint8Array[]> {
    const { pack, start } = places[0] as Place
    const file = await this.#open(pack)
    const header = Buffer.allocUnsafe(headerBytes)
    const chunks = places.map(({ length }) => new Uint8Array(Buffer.allocUnsafeSlow(spare + length).buffer, spare, length))
    await file.readv(chunks.flatMap((chunk, i) => (i === 0 ? [chunk] : [header, chunk])), start)
    return chunks
  }

  /** Deletes a pack that nobody needs. */
  async drop(pack: number): Promise<void> {
    const reading = this.#reading.get(pack)
    this.#reading.delete(pack)
    await (await reading)?.close()
    rmSync(this.path(pack), { force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#finish()
    for (const file of this.#reading.values()) await (await file).close()
    this.#reading.clear()
  }

  async #start(): Promise<Newest> {
    const n = this.#next++
    const file = await open(this.path(n), constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
    syncFolder(this.#folder)
    return { n, file, size: 0 }
  }

  /** What was written of a batch that failed goes; where even that fails the next start cuts it off. */
  async #abandon({ file, size }: Newest): Promise<void> {
    this.#newest = undefined
    try {
      await file.truncate(size)
    } finally {
      await file.close()
    }
  }

  async #finish(): Promise<void> {
    const newest = this.#newest
    this.#newest = undefined
    await newest?.file.close()
  }

  #open(pack: number): Promise<FileHandle> {
    const known = this.#reading.get(pack)
    if (known) return known
    for (const [oldest, file] of this.#reading) {
      if (this.#reading.size < openForReading) break
      this.#reading.delete(oldest)
      void file.then((one) => one.close(), () => undefined)
    }
    const opening = open(this.path(pack), 'r')
    this.#reading.set(pack, opening)
    opening.catch(() => this.#reading.delete(pack))
    return opening
  }
}

async function writeAll(file: FileHandle, buffers: readonly Uint8Array[], from: number): Promise<void> {
  let at = from
  let left = buffers.filter(({ length }) => length > 0)
  while (left.length > 0) {
    let { bytesWritten } = await file.writev(left.slice(0, buffersAtOnce), at)
    at += bytesWritten
    let whole = 0
    while (whole < left.length && bytesWritten >= (left[whole] as Uint8Array).length) bytesWritten -= (left[whole++] as Uint8Array).length
    left = left.slice(whole)
    if (bytesWritten > 0) left[0] = (left[0] as Uint8Array).subarray(bytesWritten)
  }
}

/** A new file's name is durable from then on. */
function syncFolder(folder: string): void {
  const directory = openSync(folder, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
