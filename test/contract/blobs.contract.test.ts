import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { idOfChunk, type SealedChunk } from '../../crdt/blobs/chunk.ts'
import { sodiumBlobCrypto } from '../../crdt/crypto/blob-crypto.ts'
import type { BlobId } from '../../crdt/wire/ids.ts'
import { openBlobsToRead } from '../../node/host/blobs/blobs-to-read.ts'
import { openDiskBlobs } from '../../node/host/blobs/disk-blob-store.ts'
import { nodeBlobCrypto } from '../../node/host/blobs/node-blob-crypto.ts'
import { MemoryBlobStore } from '../../node/peer/blobs/memory-blob-store.ts'
import { SeededRandom } from '../../node/peer/virtual-runtime-random.ts'
import type { BlobStore, Room } from '../../node/ports/blobs.ts'
import { AtollError } from '../../node/ports/errors.ts'
import { silentLog } from '../../node/ports/log.ts'

const random = new SeededRandom(1)
const chunkOf = (bytes: Uint8Array): SealedChunk => ({ id: idOfChunk(sodiumBlobCrypto, bytes), bytes })
const chunks = (count: number, length = 5_000): SealedChunk[] => Array.from({ length: count }, () => chunkOf(random.bytes(length)))
/** What is put is the store's: it gets copies, so that a test can compare. */
const copies = (of: readonly SealedChunk[]): SealedChunk[] => of.map(({ id, bytes }) => ({ id, bytes: bytes.slice() }))
const idsOf = (of: readonly SealedChunk[]): BlobId[] => of.map(({ id }) => id)
const codeOf = (error: unknown): string => (error instanceof AtollError ? error.code : String(error))
const never = new AbortController().signal

async function* live(...pages: readonly (readonly BlobId[])[]): AsyncGenerator<readonly BlobId[]> {
  yield* pages
}

/** A store, what it stands on, and ways to be unkind to it. */
interface Subject extends AsyncDisposable {
  readonly store: BlobStore
  now: number
  readonly room: { quota: number | undefined; free: number | undefined }
  damage(id: BlobId): Promise<void>
}

function roomOf(settings: Subject['room']): Room {
  return { quota: () => settings.quota, disk: () => (settings.free === undefined ? undefined : { free: settings.free, size: 1_000_000 }), reserve: (size) => size / 100 }
}

async function memorySubject(): Promise<Subject> {
  const room = { quota: undefined, free: undefined }
  const subject = { now: 1_000, room, store: undefined as unknown as MemoryBlobStore, damage: async (id: BlobId) => subject.store.damage(id), [Symbol.asyncDispose]: async () => {} }
  subject.store = new MemoryBlobStore({ now: () => subject.now }, roomOf(room))
  return subject
}

const scratch = (): string => mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'atoll-blobs-'))
const packsIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.pack')).map((name) => join(folder, name))
const open = (folder: string, now = 1_000, room: Room = roomOf({ quota: undefined, free: undefined }), packBytes = 40_000): ReturnType<typeof openDiskBlobs> => openDiskBlobs({ folder, crypto: nodeBlobCrypto, clock: { now: () => now }, log: silentLog, room, packBytes })

async function diskSubject(): Promise<Subject> {
  const folder = scratch()
  const room = { quota: undefined, free: undefined }
  const time = { now: 1_000 }
  const store = await openDiskBlobs({ folder, crypto: nodeBlobCrypto, clock: { now: () => time.now }, log: silentLog, room: roomOf(room), packBytes: 40_000 })
  return {
    get now() {
      return time.now
    },
    set now(now) {
      time.now = now
    },
    room,
    store,
    damage: async (id) => {
      const bytes = (await store.read([id]))[0]
      for (const path of packsIn(folder)) {
        const content = readFileSync(path)
        const at = content.indexOf(bytes!)
        if (at < 0) continue
        content[at + 100]! ^= 1
        writeFileSync(path, content)
      }
    },
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
}

describe.each([['in memory', memorySubject], ['on disk', diskSubject]])('a store of chunks %s', (_, create) => {
  test('gives back what was put, knows what it has, and keeps equal chunks once', async () => {
    await using subject = await create()
    const { store } = subject
    const some = [...chunks(30), chunkOf(new Uint8Array(16)), chunkOf(random.bytes(196_624))]
    const [other] = chunks(1) as [SealedChunk]
    await Promise.all([store.put(copies(some.slice(0, 20))), store.put(copies(some.slice(10))), store.put([])])
    await store.put(copies(some.slice(0, 3)))
    expect(store.has([...idsOf(some), other.id])).toEqual([...some.map(() => true), false])
    for (const { id, bytes } of some) expect((await store.read([id]))[0]).toEqual(bytes)
    expect((await store.read([other.id]))[0]).toBeUndefined()
    expect(store.usage()).toMatchObject({ chunks: some.length, bytes: some.reduce((sum, { bytes }) => sum + bytes.length, 0) })
    expect(store.usage().diskBytes).toBeGreaterThanOrEqual(store.usage().bytes)
  })

  test('B4: a damaged chunk is not given out: it is forgotten, and can be put again', async () => {
    await using subject = await create()
    const { store } = subject
    const some = chunks(20)
    await store.put(copies(some))
    await subject.damage(some[7]!.id)
    expect((await store.read([some[7]!.id]))[0]).toBeUndefined()
    expect(store.has([some[7]!.id, some[8]!.id])).toEqual([false, true])
    expect(store.usage().chunks).toBe(19)
    await store.put(copies([some[7]!]))
    expect((await store.read([some[7]!.id]))[0]).toEqual(some[7]!.bytes)
  })

  test('B6: over the quota, or into the reserve of the disk, nothing is put, and it says which', async () => {
    await using subject = await create()
    const { store, room } = subject
    await store.put(copies(chunks(2)))
    room.quota = 12_000
    await expect(store.put(copies(chunks(1))).catch(codeOf)).resolves.toBe('files_quota')
    room.quota = undefined
    room.free = 14_000
    const [one] = chunks(1) as [SealedChunk]
    await expect(store.put(copies([one])).catch(codeOf)).resolves.toBe('disk_reserve')
    expect(store.has([one.id])).toEqual([false])
    room.free = 20_000
    await store.put(copies([one]))
    expect(store.has([one.id])).toEqual([true])
  })

  test('B7: a collection takes what nobody needs and nobody used of late, and nothing else', async () => {
    await using subject = await create()
    const { store } = subject
    const [old, kept, usedAgain] = [chunks(40), chunks(10), chunks(5)]
    await store.put(copies([...old, ...kept, ...usedAgain]))
    subject.now = 5_000
    const fresh = chunks(3)
    await store.put(copies([...fresh, ...usedAgain]))
    const swept = await store.sweep(live(idsOf(kept).slice(0, 4), idsOf(kept).slice(4)), 4_000, never)
    expect(swept).toMatchObject({ chunks: 40, bytes: 200_000 })
    expect(store.has(idsOf(old)).some((has) => has)).toBe(false)
    for (const { id, bytes } of [...kept, ...usedAgain, ...fresh]) expect((await store.read([id]))[0]).toEqual(bytes)
    expect(store.usage()).toMatchObject({ chunks: 18, bytes: 90_000 })
    // Most of it was dead weight, so the disk has it back.
    expect(store.usage().diskBytes).toBeLessThan(200_000)
    await store.put(copies(old.slice(0, 2)))
    expect(store.has(idsOf(old).slice(0, 3))).toEqual([true, true, false])
  })

  test('B7: a collection that is broken off has taken nothing', async () => {
    await using subject = await create()
    const some = chunks(5)
    await subject.store.put(copies(some))
    const stop = new AbortController()
    stop.abort(new Error('enough'))
    await expect(subject.store.sweep(live(idsOf(some)), 9_000, stop.signal)).rejects.toThrow('enough')
    expect(subject.store.has(idsOf(some))).toEqual(some.map(() => true))
  })
})

describe('a store of chunks on disk, closed and opened again', () => {
  test('D1: has everything, with or without its index', async () => {
    const folder = scratch()
    const some = chunks(30)
    {
      await using store = await open(folder)
      await store.put(copies(some.slice(0, 20)))
      await store.put(copies(some.slice(20)))
    }
    expect(packsIn(folder).length).toBeGreaterThan(1)
    for (const lost of [undefined, 'index.db']) {
      if (lost) rmSync(join(folder, lost))
      await using store = await open(folder)
      for (const { id, bytes } of some) expect((await store.read([id]))[0]).toEqual(bytes)
      expect(store.usage().chunks).toBe(30)
    }
    rmSync(folder, { recursive: true })
  })

  test('D2 D3: an index that is damaged is made anew, and a torn end of a pack is cut off', async () => {
    const folder = scratch()
    const some = chunks(9)
    {
      await using store = await open(folder, 1_000, undefined, 1_000_000)
      await store.put(copies(some))
    }
    const [pack] = packsIn(folder) as [string]
    const size = statSync(pack).size
    truncateSync(pack, size - 10)
    writeFileSync(join(folder, 'index.db'), 'this is no database, and never was one, however long it is looked at')
    {
      await using store = await open(folder, 1_000, undefined, 1_000_000)
      expect(store.has(idsOf(some))).toEqual(some.map((_one, i) => i < 8))
      await store.put(copies(some.slice(8)))
      for (const { id, bytes } of some) expect((await store.read([id]))[0]).toEqual(bytes)
    }
    expect(statSync(pack).size).toBe(size)
    rmSync(folder, { recursive: true })
  })

  test('a pack that is gone takes only its own chunks with it', async () => {
    const folder = scratch()
    const some = chunks(30)
    {
      await using store = await open(folder)
      for (const chunk of some) await store.put(copies([chunk]))
    }
    rmSync(packsIn(folder).sort()[0]!)
    await using store = await open(folder)
    const has = store.has(idsOf(some))
    expect(has[0]).toBe(false)
    expect(has.at(-1)).toBe(true)
    for (const [i, { id, bytes }] of some.entries()) expect((await store.read([id]))[0]).toEqual(has[i] ? bytes : undefined)
    rmSync(folder, { recursive: true })
  })

  test('is read by others while it is written, also while packs are put together', async () => {
    const folder = scratch()
    const some = chunks(40)
    await using store = await open(folder)
    await store.put(copies(some.slice(0, 20)))
    await using reader = openBlobsToRead(folder, { crypto: nodeBlobCrypto, log: silentLog })
    expect((await reader.read([some[3]!.id]))[0]).toEqual(some[3]!.bytes)
    await store.put(copies(some.slice(20)))
    expect(reader.has([some[30]!.id])).toEqual([true])
    expect((await reader.read([some[30]!.id]))[0]).toEqual(some[30]!.bytes)
    const kept = idsOf(some).filter((_id, i) => i % 5 === 0)
    await store.sweep(live(kept), 9_000, never)
    for (const id of kept) expect((await reader.read([id]))[0]).toEqual(some.find((chunk) => chunk.id === id)!.bytes)
    expect((await reader.read([some[1]!.id]))[0]).toBeUndefined()
    rmSync(folder, { recursive: true })
  })
})
