/** The files of one mesh on this device: what is being fetched, what is kept, and which chunks that takes. */
import { openChunk, type ChunkRef } from '../../../crdt/blobs/chunk.ts'
import { readNode, type FileRoot } from '../../../crdt/blobs/tree.ts'
import { readFile, type FileRow } from '../../../crdt/docs/files.ts'
import type { BlobId, DeviceId, FileId } from '../../../crdt/wire/ids.ts'
import type { BlobCrypto } from '../../../crdt/crypto/blob-crypto.ts'
import type { BlobStore } from '../../ports/blobs.ts'
import type { Log } from '../../ports/log.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { Replica } from '../replica/replica.ts'
import { allRows } from '../replica/rows.ts'
import type { BlobExchange } from './blob-exchange.ts'
import type { BlobLink, BlobLinkEvents } from './blob-link.ts'
import { FileFetch, type FetchProgress } from './fetch.ts'

const keptPrefix = 'kept\0'
/** Who lied is remembered for so many files. */
const liarsKept = 256
const progressEveryMs = 500

export interface MeshFilesNeeds {
  readonly replica: Replica
  readonly exchange: BlobExchange
  readonly runtime: Runtime
  readonly log: Log
  /** Devices that there is a session with. */
  readonly peers: () => readonly DeviceId[]
  readonly nameOf: (device: DeviceId) => string
}

/** Entries of one node. */
interface Page {
  readonly level: number
  readonly refs: readonly ChunkRef[]
}

interface Running {
  readonly fetch: FileFetch
  readonly stop: AbortController
  readonly done: Promise<void>
  /** How many calls wait for it. */
  waiting: number
}

export interface FetchState extends FetchProgress {
  /** How many peers can be asked now. */
  readonly sources: number
}

export class MeshFiles {
  readonly #needs: MeshFilesNeeds
  readonly #running = new Map<FileId, Running>()
  readonly #liars = new Map<FileId, Set<DeviceId>>()

  constructor(needs: MeshFilesNeeds) {
    this.#needs = needs
  }

  /**
   * Brings here what is missing of a file; one fetch serves all who ask for it. Throws TreeError, what the store throws, or
   * the signal's reason.
   */
  async fetch({ file }: FileRow, progress: (state: FetchState) => void, signal: AbortSignal): Promise<FetchProgress> {
    const running = this.#running.get(file.id) ?? this.#start(file.id, file.root, file.key)
    running.waiting++
    let timer: Disposable | undefined
    const tell = (): void => {
      progress({ ...running.fetch.progress, sources: running.fetch.sources })
      timer = this.#needs.runtime.timers.after(progressEveryMs, tell)
    }
    try {
      tell()
      await untilAborted(running.done, signal)
      await this.keep(file.id)
      return running.fetch.progress
    } finally {
      timer?.[Symbol.dispose]()
      if (--running.waiting === 0) {
        // Whoever asks from now on begins anew, and does not join what is ending.
        this.#ended(file.id, running)
        running.stop.abort(signal.reason ?? new Error('nobody waits for it'))
      }
    }
  }

  /** How far a fetch that is under way has come. */
  fetching(id: FileId): FetchState | undefined {
    const fetch = this.#running.get(id)?.fetch
    return fetch && { ...fetch.progress, sources: fetch.sources }
  }

  /** Who sent something else than was asked for, of this file. */
  liars(id: FileId): readonly DeviceId[] {
    return [...(this.#liars.get(id) ?? [])]
  }

  /** From now on what is here of a file is not collected, until it is deleted or expires. */
  async keep(id: FileId): Promise<void> {
    await this.#needs.replica.note([{ table: 'meta', key: `${keptPrefix}${id}`, value: new Uint8Array() }])
  }

  isKept(id: FileId): boolean {
    return this.#needs.replica.store.get('meta', `${keptPrefix}${id}`) !== undefined
  }

  get store(): BlobStore {
    return this.#needs.exchange.store
  }

  get crypto(): BlobCrypto {
    return this.#needs.exchange.crypto
  }

  /** A link to a peer. Rejects when it cannot be reached. */
  open(remote: DeviceId, events: BlobLinkEvents, signal: AbortSignal): Promise<BlobLink> {
    return this.#needs.exchange.open(this.#needs.replica.mesh, remote, events, signal)
  }

  /** All of a file's tree that is known here, level 0 being its chunks, and which of it is here. */
  async *known(root: FileRoot, key: Uint8Array): AsyncGenerator<{ readonly level: number; readonly refs: readonly ChunkRef[]; readonly here: readonly boolean[] }, void> {
    for await (const { level, refs } of this.#pages(root, key)) yield { level, refs, here: this.store.has(refs.map(({ id }) => id)) }
  }

  /** Ids of all chunks that a collection must leave: of files that are kept, or being fetched. */
  async *live(): AsyncGenerator<readonly BlobId[], void> {
    const { replica, runtime } = this.#needs
    const now = runtime.clock.now()
    for (const [key] of allRows(replica.store, 'meta', keptPrefix)) {
      const row = readFile(replica.store, key.slice(keptPrefix.length) as FileId)
      if (row && (row.file.expires ?? Infinity) > now) yield* this.#idsOf(row.file.root, row.file.key)
    }
    for (const id of this.#running.keys()) {
      const row = readFile(replica.store, id)
      if (row) yield* this.#idsOf(row.file.root, row.file.key)
    }
  }

  /** Peers came or went. */
  peersChanged(): void {
    for (const { fetch } of this.#running.values()) fetch.peersChanged()
  }

  /** A better way to a peer has opened. */
  moved(remote: DeviceId): void {
    for (const { fetch } of this.#running.values()) fetch.moved(remote)
  }

  stop(): void {
    for (const { stop } of this.#running.values()) stop.abort(new Error('stopping'))
  }

  #start(id: FileId, root: FileRoot, key: Uint8Array): Running {
    const { exchange, runtime, log, peers } = this.#needs
    const stop = new AbortController()
    const fetch = new FileFetch(root, key, {
      store: exchange.store,
      crypto: exchange.crypto,
      timers: runtime.timers,
      log,
      peers,
      open: (remote, events, signal) => this.open(remote, events, signal),
      onLie: (remote) => this.#lied(id, remote),
    })
    const running: Running = { fetch, stop, done: fetch.run(stop.signal).finally(() => this.#ended(id, running)), waiting: 0 }
    // Those who wait for it hear of it; when nobody does, nobody need.
    running.done.catch(() => undefined)
    this.#running.set(id, running)
    return running
  }

  #ended(id: FileId, running: Running): void {
    if (this.#running.get(id) === running) this.#running.delete(id)
  }

  #lied(id: FileId, remote: DeviceId): void {
    this.#needs.log.warn('blob_lie', { file: id, device: remote, name: this.#needs.nameOf(remote) })
    const liars = this.#liars.get(id) ?? new Set()
    this.#liars.delete(id)
    this.#liars.set(id, liars.add(remote))
    const [oldest] = this.#liars.keys()
    if (oldest && this.#liars.size > liarsKept) this.#liars.delete(oldest)
    this.#needs.exchange.lied(remote)
  }

  async *#idsOf(root: FileRoot, key: Uint8Array): AsyncGenerator<readonly BlobId[], void> {
    for await (const { refs } of this.#pages(root, key)) yield refs.map(({ id }) => id)
  }

  /** All entries of a tree, nodes included, as far as its nodes are here; a subtree whose node is not is passed over. */
  async *#pages({ depth, ...ref }: FileRoot, key: Uint8Array): AsyncGenerator<Page, void> {
    const { store, crypto } = this.#needs.exchange
    yield { level: depth, refs: [ref] }
    const below = async function* (node: ChunkRef, level: number): AsyncGenerator<Page, void> {
      const [sealed] = await store.read([node.id])
      const plain = sealed && openChunk(crypto, key, node, sealed)
      if (!plain) return
      const entries = readNode(plain, level, node)
      yield { level: level - 1, refs: entries }
      if (level > 1) for (const entry of entries) yield* below(entry, level - 1)
    }
    if (depth > 0) yield* below(ref, depth)
  }
}

/** Settles as the promise does, or rejects with the signal's reason before. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the caller's own reason, as throwIfAborted throws it
    const stop = (): void => reject(signal.reason)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop)
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
