/**
 * Brings the missing chunks of one file here, from everybody in the mesh who has some. Each is checked by its hash before
 * it is kept; whoever sends another is asked for nothing more. It goes on while peers come and go, and ends when all is
 * durable, when the disk refuses, or by its signal.
 */
import { idOfChunk, openChunk, sealedBytes, type ChunkRef } from '../../../crdt/blobs/chunk.ts'
import { readNode, TreeError, walkTree, type FileRoot } from '../../../crdt/blobs/tree.ts'
import type { BlobCrypto } from '../../../crdt/crypto/blob-crypto.ts'
import type { BlobId, DeviceId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { BlobStore } from '../../ports/blobs.ts'
import type { Log } from '../../ports/log.ts'
import type { Timers } from '../../ports/runtime.ts'
import type { BlobLink, BlobLinkEvents } from './blob-link.ts'
import { FetchQueue } from './fetch-queue.ts'
import { freshSource, type Source } from './fetch-source.ts'

/** Chunks that are looked for at once: enough to choose the rarest of, few enough to hold in memory. */
const windowChunks = 4096
/** Nothing more is asked for while so much waits to be durable. */
const undurableBytes = 8 * 1024 * 1024
/** A chunk that was asked of one peer so long ago is asked of another as well, when that has nothing else to do. */
const slowMs = 5_000
/** How often peers are asked anew for what nobody had. */
const askAgainMs = 2_000
/** A peer that was lost is asked again so soon: it may only have moved. */
const linkAgainMs = 250
const nodeBytes = sealedBytes(72 * limits.nodeEntries)

export interface FetchNeeds {
  readonly store: BlobStore
  readonly crypto: BlobCrypto
  readonly timers: Timers
  readonly log: Log
  /** Those who can be asked now. */
  readonly peers: () => readonly DeviceId[]
  /** Opens a link to one of them. Rejects when that does not succeed. */
  readonly open: (remote: DeviceId, events: BlobLinkEvents, signal: AbortSignal) => Promise<BlobLink>
  /** A peer sent something else than what it was asked for. */
  readonly onLie: (remote: DeviceId) => void
}

export interface FetchProgress {
  /** Bytes of the file that are here. */
  readonly done: number
  readonly total: number
  /** What came from peers in this fetch: sealed chunks and nodes, each counted once. */
  readonly fetched: number
}

export class FileFetch {
  readonly root: FileRoot
  readonly #key: Uint8Array
  readonly #needs: FetchNeeds
  readonly #queue = new FetchQueue()
  readonly #sources = new Map<DeviceId, Source>()
  /** Who waits for a chunk, and for how many bytes of the file it stands. */
  readonly #waiting = new Map<BlobId, { fileBytes: number; bytes: number; readonly done: (() => void)[] }>()
  readonly #stop = new AbortController()
  readonly #failed = Promise.withResolvers<never>()
  #roomInWindow: (() => void)[] = []
  #undurable = 0
  #done = 0
  #fetched = 0
  #again: Disposable | undefined
  #assigning = false

  constructor(root: FileRoot, key: Uint8Array, needs: FetchNeeds) {
    this.root = root
    this.#key = key
    this.#needs = needs
    this.#failed.promise.catch(() => undefined)
  }

  /** How many peers can be asked now. */
  get sources(): number {
    return [...this.#sources.values()].filter(({ link }) => link !== undefined).length
  }

  get progress(): FetchProgress {
    return { done: this.#done, total: this.root.length, fetched: this.#fetched }
  }

  /** Resolves when all is here, durably. Throws TreeError, what the store throws, or the signal's reason. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#failed.reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop)
    try {
      this.#tick()
      await Promise.race([this.#failed.promise, this.#walk()])
    } finally {
      signal.removeEventListener('abort', stop)
      this.#stop.abort()
      this.#again?.[Symbol.dispose]()
      for (const { link } of this.#sources.values()) link?.close('done')
    }
  }

  /** Peers came or went, or a better way to one has opened. */
  peersChanged(): void {
    if (!this.#stop.signal.aborted) this.#connect()
  }

  /** Streams move to the better path: what is under way on the old one is asked for anew. */
  moved(remote: DeviceId): void {
    const source = this.#sources.get(remote)
    if (source?.opening) source.outdated = true
    source?.link?.close('moving')
  }

  async #walk(): Promise<void> {
    for await (const { chunks } of walkTree(this.root, (ref, level) => this.#readNode(ref, level))) {
      for (let at = 0; at < chunks.length; at += limits.blobIdsPerFrame) await this.#wantAll(chunks.slice(at, at + limits.blobIdsPerFrame))
    }
    while (this.#waiting.size > 0) await this.#room()
  }

  async #wantAll(chunks: readonly ChunkRef[]): Promise<void> {
    const here = this.#needs.store.has(chunks.map(({ id }) => id))
    chunks.forEach((chunk, i) => {
      if (here[i]) this.#done += chunk.length
      else this.#want(chunk.id, sealedBytes(chunk.length), chunk.length)
    })
    while (this.#waiting.size >= windowChunks) await this.#room()
  }

  async #readNode(ref: ChunkRef, level: number): Promise<Uint8Array> {
    for (;;) {
      if (!this.#needs.store.has([ref.id])[0]) await new Promise<void>((resolve) => this.#want(ref.id, nodeBytes, 0, resolve))
      const [sealed] = await this.#needs.store.read([ref.id])
      // It was damaged in the store: fetched again.
      if (!sealed) continue
      const plain = openChunk(this.#needs.crypto, this.#key, ref, sealed)
      if (!plain) throw new TreeError('does_not_open')
      if (level > 1) this.#wantNodes(readNode(plain, level, ref))
      return plain
    }
  }

  /** The nodes below one are looked for at once, not each when the walk comes to it. */
  #wantNodes(nodes: readonly ChunkRef[]): void {
    const here = this.#needs.store.has(nodes.map(({ id }) => id))
    nodes.forEach(({ id }, i) => here[i] || this.#want(id, nodeBytes, 0))
  }

  #want(id: BlobId, bytes: number, fileBytes: number, done?: () => void): void {
    const known = this.#waiting.get(id)
    if (known) {
      known.fileBytes += fileBytes
      if (done) known.done.push(done)
      return
    }
    this.#waiting.set(id, { fileBytes, bytes, done: done ? [done] : [] })
    this.#queue.add(id, bytes)
    for (const source of this.#sources.values()) source.toAsk.add(id)
    this.#soon()
  }

  #room(): Promise<void> {
    return new Promise((resolve) => void this.#roomInWindow.push(resolve))
  }

  /** What is asked for in one turn is asked for at once. */
  #soon(): void {
    if (this.#assigning) return
    this.#assigning = true
    this.#needs.timers.soon(() => {
      this.#assigning = false
      if (this.#stop.signal.aborted) return
      for (const [remote, source] of this.#sources) {
        this.#ask(remote, source)
        this.#assign(remote, source)
      }
    })
  }

  #tick(): void {
    this.#again = this.#needs.timers.after(askAgainMs, () => {
      this.#tick()
      const orphans = [...this.#queue.orphans()]
      for (const source of this.#sources.values()) for (const id of orphans) source.toAsk.add(id)
      this.#connect()
      this.#soon()
    })
    this.#connect()
  }

  #connect(): void {
    const now = this.#needs.timers.elapsed()
    for (const remote of this.#needs.peers()) {
      const source = this.#sources.get(remote) ?? freshSource()
      this.#sources.set(remote, source)
      if (source.link || source.opening || source.banned || source.retryAt > now) continue
      source.opening = true
      source.outdated = false
      this.#open(remote, source).catch((error: unknown) => {
        source.opening = false
        source.retryAt = this.#needs.timers.elapsed() + askAgainMs
        this.#needs.log.debug('blob_link_not_opened', { remote, why: String(error) })
      })
    }
  }

  async #open(remote: DeviceId, source: Source): Promise<void> {
    const link = await this.#needs.open(remote, { onChunk: (id, bytes) => this.#arrived(remote, source, id, bytes), onClose: (why) => this.#lost(remote, source, why) }, this.#stop.signal)
    source.opening = false
    if (this.#stop.signal.aborted) return link.close('done')
    if (source.outdated) link.close('moving')
    if (link.isClosed) return
    source.link = link
    source.due = 0
    source.asking = false
    for (const id of this.#queue.ids()) source.toAsk.add(id)
    this.#soon()
  }

  #lost(remote: DeviceId, source: Source, why: string): void {
    source.link = undefined
    source.due = 0
    this.#queue.lost(remote)
    if (this.#stop.signal.aborted) return
    this.#needs.log.debug('blob_link_closed', { remote, why })
    source.retryAt = why === 'moving' ? 0 : this.#needs.timers.elapsed() + linkAgainMs / 2
    if (why === 'moving') this.#connect()
    else this.#needs.timers.after(linkAgainMs, () => this.peersChanged())
    this.#soon()
  }

  #ask(remote: DeviceId, source: Source): void {
    if (!source.link || source.asking || source.toAsk.size === 0) return
    const ids = [...source.toAsk].filter((id) => this.#queue.has(id)).slice(0, limits.blobIdsPerFrame)
    if (ids.length === 0) return source.toAsk.clear()
    for (const id of ids) source.toAsk.delete(id)
    source.asking = true
    source.link.has(ids, (held) => {
      source.asking = false
      this.#queue.holds(remote, held)
      this.#ask(remote, source)
      this.#assign(remote, source)
    })
  }

  #assign(remote: DeviceId, source: Source): void {
    const { link } = source
    const room = limits.blobWindowBytes - source.due
    // Asked for by the quarter window, not chunk by chunk.
    if (!link || this.#undurable > undurableBytes || room < limits.blobWindowBytes / 4) return
    const now = this.#needs.timers.elapsed()
    let ids = this.#queue.take(remote, room, now)
    if (ids.length === 0 && source.due === 0) ids = this.#queue.takeOver(remote, room / 4, now - slowMs, now)
    if (ids.length === 0) return
    for (const id of ids) source.due += this.#waiting.get(id)?.bytes ?? 0
    link.want(ids)
  }

  #arrived(remote: DeviceId, source: Source, id: BlobId, bytes: Uint8Array | undefined): void {
    const waiting = this.#waiting.get(id)
    source.due = source.link?.due === 0 ? 0 : Math.max(0, source.due - (waiting?.bytes ?? bytes?.length ?? 0))
    if (!bytes) this.#queue.lacks(remote, id)
    else if (idOfChunk(this.#needs.crypto, bytes) !== id) return this.#ban(remote, source)
    else if (waiting && this.#queue.done(id)) this.#keep(id, bytes, waiting)
    this.#assign(remote, source)
  }

  #ban(remote: DeviceId, source: Source): void {
    source.banned = true
    this.#needs.onLie(remote)
    source.link?.close('it sent something else than what was asked for')
  }

  #keep(id: BlobId, bytes: Uint8Array, waiting: { fileBytes: number; readonly done: readonly (() => void)[] }): void {
    // The store may give the memory back: its length is not known then.
    const { length } = bytes
    this.#undurable += length
    this.#needs.store.put([{ id, bytes }]).then(
      () => {
        this.#undurable -= length
        this.#waiting.delete(id)
        this.#done += waiting.fileBytes
        this.#fetched += length
        for (const done of waiting.done) done()
        for (const resolve of this.#roomInWindow.splice(0)) resolve()
        this.#soon()
      },
      (error: unknown) => this.#failed.reject(error),
    )
  }
}
