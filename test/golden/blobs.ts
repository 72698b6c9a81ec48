/** What files are made of: cuts, keys, sealed chunks, trees and the frames that move them, as vectors of their own. */
import { cutAfter, gearOf } from '../../crdt/blobs/fast-cdc.ts'
import { sealChunk, type ChunkRef } from '../../crdt/blobs/chunk.ts'
import { TreeBuilder } from '../../crdt/blobs/tree.ts'
import { sodiumBlobCrypto as crypto } from '../../crdt/crypto/blob-crypto.ts'
import { derive, hasher } from '../../crdt/crypto/hash.ts'
import { kinds } from '../../crdt/docs/change.ts'
import { fileIds } from '../../crdt/docs/files.ts'
import { limits } from '../../crdt/wire/limits.ts'
import { domains, protocols } from '../../crdt/wire/protocols.ts'
import { toHex, type MemberId } from '../../crdt/wire/ids.ts'
import { codecs } from './codecs.ts'
import type { Sample } from './samples.ts'
import { filled, partyOf, partySecrets } from './values.ts'

const id = (value: number, length = 32): string => toHex(filled(value, length))
const root = { id: id(1), hash: filled(2), length: 300, depth: 1 }
const file = { id: id(3, 16), name: 'Größe.pdf', tags: ['a', 'b'], root, key: filled(4), expires: undefined }

const samples: readonly Sample[] = [
  { codec: 'file', name: 'for good', value: file },
  { codec: 'file', name: 'for a while', value: { ...file, tags: [], expires: 1_800_000_000_000 } },
  { codec: 'fileDelete', name: 'delete', value: { id: id(3, 16) } },
  { codec: 'blobRequest', name: 'has', value: { type: 'has', ids: [id(1), id(2)] } },
  { codec: 'blobRequest', name: 'want', value: { type: 'want', ids: [id(1)] } },
  { codec: 'blobAnswer', name: 'holds', value: { type: 'holds', bits: Uint8Array.of(0b101, 1) } },
  { codec: 'blobAnswer', name: 'chunk', value: { type: 'chunk', bytes: filled(5, 200) } },
  { codec: 'blobAnswer', name: 'missing', value: { type: 'missing' } },
]

/** Bytes that look random and are the same everywhere: BLAKE2b of a counter. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  const hash = hasher(domains.gear)
  for (let at = 0; at < length; at += 32) bytes.set(hash(Uint8Array.of(at >> 24, at >> 16, at >> 8, at)).subarray(0, length - at), at)
  return bytes
}

export function blobs(): unknown {
  const { member } = partyOf(partySecrets.alice)
  const [key, secret] = [filled(7), filled(8)]
  const gear = gearOf(key)
  const content = noise(1 << 20)
  const ends: number[] = []
  for (let at = 0; at < content.length; ) ends.push((at = cutAfter(content, at, gear)))
  const seal = (plain: Uint8Array, length?: number): ChunkRef => sealChunk(crypto, key, plain, length).ref
  const tree = new TreeBuilder(seal)
  ends.forEach((end, i) => tree.add(seal(content.subarray(ends[i - 1] ?? 0, end))))
  const plain = new TextEncoder().encode('a chunk')
  const { ref, sealed } = sealChunk(crypto, key, plain)
  return {
    protocol: protocols.blobs,
    kinds: { blobTree: kinds.blobTree, fileDelete: kinds.fileDelete },
    limits: { chunkBytes: limits.chunkBytes, nodeEntries: limits.nodeEntries, treeDepth: limits.treeDepth, fileNameBytes: limits.fileNameBytes, tagsPerFile: limits.tagsPerFile },
    domains: (['fileId', 'fileKey', 'chunkKey', 'gear'] as const).map((use) => ({ use, name: domains[use] })),
    fileId: { member: member as MemberId, random: filled(5, 6), id: fileIds.make(member, filled(5, 6)) },
    fileKey: { epochSecret: secret, key: derive(domains.fileKey, secret) },
    chunk: { key, plain, ref, sealed: sealed.bytes },
    gear: { key, words: [...gear.one] },
    cuts: { key, noise: 'BLAKE2b-256 under the gear domain of each offset, a multiple of 32, in four bytes', ends },
    tree: tree.finish(),
    encodings: samples.map(({ codec, name, value }) => ({ codec, name, value, bytes: toHex(codecs[codec]!.encode(value)) })),
  }
}
