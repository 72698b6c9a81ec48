/** Brings an index in line with the packs: after a crash with their newest records, and where it was lost with all. */
import { closeSync, ftruncateSync, openSync, readSync, statSync } from 'node:fs'
import { idOfChunk } from '../../../crdt/blobs/chunk.ts'
import type { BlobCrypto } from '../../../crdt/crypto/blob-crypto.ts'
import type { BlobIndex, IndexedChunk } from './blob-index.ts'
import { headerBytes, readHeader } from './pack-record.ts'
import type { Packs } from './packs.ts'

const rowsAtOnce = 1000

/** What was found beside what the index knew. */
export interface Recovery {
  readonly learnt: number
  /** Records whose bytes are not what their id says. */
  readonly damaged: number
  /** Bytes at the end of the newest pack that were no whole record. */
  readonly cut: number
}

/** @returns what was found, and the newest pack with its length, to go on with */
export function recoverPacks(packs: Packs, index: BlobIndex, crypto: BlobCrypto, now: number): { readonly recovery: Recovery; readonly newest: { readonly n: number; readonly size: number } | undefined } {
  const numbers = packs.numbers()
  const indexed = index.packs()
  for (const n of indexed.keys()) if (!numbers.includes(n)) index.cut(n, 0)
  const recovery = { learnt: 0, damaged: 0, cut: 0 }
  let newest: { n: number; size: number } | undefined
  for (const n of numbers) {
    const size = statSync(packs.path(n)).size
    const known = indexed.get(n) ?? 0
    if (size < known) index.cut(n, size)
    const isLast = n === numbers.at(-1)
    const end = size > known ? scan(packs.path(n), n, known, size, isLast, index, crypto, now, recovery) : size
    if (isLast) newest = { n, size: end }
  }
  return { recovery, newest }
}

/** Reads records from a place on. @returns where the last whole one ends, which for the newest pack is where it ends from now on */
function scan(path: string, pack: number, from: number, size: number, isLast: boolean, index: BlobIndex, crypto: BlobCrypto, now: number, recovery: { learnt: number; damaged: number; cut: number }): number {
  const file = openSync(path, isLast ? 'r+' : 'r')
  try {
    const found: IndexedChunk[] = []
    let at = from
    let whole = from
    for (let header = headerAt(file, at); header && at + headerBytes + header.length <= size; header = headerAt(file, at)) {
      const bytes = readAt(file, at + headerBytes, header.length)
      if (idOfChunk(crypto, bytes) === header.id) {
        found.push({ id: header.id, pack, start: at + headerBytes, length: header.length })
        recovery.learnt++
        whole = at + headerBytes + header.length
      } else recovery.damaged++
      at += headerBytes + header.length
      if (found.length >= rowsAtOnce) index.learn(found.splice(0), pack, at, now)
    }
    const end = isLast ? whole : size
    if (end < size) {
      ftruncateSync(file, end)
      recovery.cut += size - end
    }
    index.learn(found, pack, end, now)
    return end
  } finally {
    closeSync(file)
  }
}

const headerAt = (file: number, at: number): ReturnType<typeof readHeader> => readHeader(readAt(file, at, headerBytes))

function readAt(file: number, at: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  return bytes.subarray(0, readSync(file, bytes, 0, length, at))
}
