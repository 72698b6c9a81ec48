import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../node/peer/virtual-runtime-random.ts'
import { sodiumBlobCrypto as crypto } from '../crypto/blob-crypto.ts'
import { encode, list, struct, uint } from '../wire/codec.ts'
import { toHex, type BlobId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { chunkRef, openChunk, sealChunk, type ChunkRef } from './chunk.ts'
import { checkRoot, readNode, TreeBuilder, TreeError, walkTree, type FileRoot, type TreeProblem } from './tree.ts'

const key = new Uint8Array(32).fill(3)
const random = new SeededRandom(1)

/** A chunk that was not sealed: trees look at names only. */
const named = (i: number): ChunkRef => ({ id: toHex(crypto.sha256(Uint8Array.of(i >> 16, i >> 8, i))) as BlobId, hash: new Uint8Array(32), length: 1 + (i % 9) })

class Kept {
  readonly sealed = new Map<BlobId, Uint8Array>()
  readonly seal = (plain: Uint8Array, length: number): ChunkRef => {
    const { ref, sealed } = sealChunk(crypto, key, plain, length)
    this.sealed.set(sealed.id, sealed.bytes)
    return ref
  }
  readonly read = async (ref: ChunkRef): Promise<Uint8Array> => openChunk(crypto, key, ref, this.sealed.get(ref.id)!)!

  build(chunks: readonly ChunkRef[]): FileRoot {
    const builder = new TreeBuilder(this.seal)
    for (const chunk of chunks) builder.add(chunk)
    return builder.finish()
  }
}

async function chunksOf(kept: Kept, root: FileRoot): Promise<ChunkRef[]> {
  const found: ChunkRef[] = []
  let at = 0
  for await (const run of walkTree(root, kept.read)) {
    expect(run.at).toBe(at)
    at += run.chunks.reduce((sum, { length }) => sum + length, 0)
    found.push(...run.chunks)
  }
  return found
}

describe('trees of files', () => {
  test.each([1, 2, 63, 64, 65, 1_000, 40_000])('of %i chunks are walked in order', async (count) => {
    const chunks = Array.from({ length: count }, (_, i) => named(i))
    const kept = new Kept()
    const root = kept.build(chunks)
    expect(root.length).toBe(chunks.reduce((sum, { length }) => sum + length, 0))
    expect(await chunksOf(kept, root)).toEqual(chunks)
  })

  test('an empty file is one chunk of nothing', async () => {
    const kept = new Kept()
    const { ref } = sealChunk(crypto, key, new Uint8Array())
    expect(await chunksOf(kept, kept.build([ref]))).toEqual([ref])
  })

  test('an insert in the middle makes few nodes anew', () => {
    const chunks = Array.from({ length: 20_000 }, (_, i) => named(i))
    const [before, after] = [new Kept(), new Kept()]
    before.build(chunks)
    after.build([...chunks.slice(0, 9_000), named(70_000), ...chunks.slice(9_000)])
    expect(before.sealed.size).toBeGreaterThan(40)
    expect([...after.sealed.keys()].filter((id) => !before.sealed.has(id)).length).toBeLessThanOrEqual(5)
  })

  test('a file of equal chunks has a tree of few different nodes', () => {
    const kept = new Kept()
    kept.build(Array.from({ length: 55_000 }, () => named(5)))
    expect(kept.sealed.size).toBeLessThan(6)
  })
})

const node = struct({ level: uint, entries: list(chunkRef, 2000) })
const nodeOf = (level: number, ...lengths: readonly number[]): Uint8Array => encode(node, { level, entries: lengths.map((length) => ({ id: toHex(random.bytes(32)) as BlobId, hash: random.bytes(32), length })) })

describe('T8: a tree that no honest author makes is refused', () => {
  const refused = (problem: TreeProblem, call: () => unknown): void => expect(call).toThrow(new TreeError(problem))

  test('node by node', () => {
    expect(readNode(nodeOf(1, 2, 3), 1, { length: 5 })).toHaveLength(2)
    refused('node_malformed', () => readNode(Uint8Array.of(1, 2, 3), 1, { length: 5 }))
    refused('node_malformed', () => readNode(nodeOf(1, ...Array.from({ length: limits.nodeEntries + 1 }, () => 1)), 1, { length: limits.nodeEntries + 1 }))
    refused('node_empty', () => readNode(nodeOf(1), 1, { length: 0 }))
    refused('level_wrong', () => readNode(nodeOf(2, 5), 1, { length: 5 }))
    refused('length_wrong', () => readNode(nodeOf(1, 2, 3), 1, { length: 6 }))
    refused('length_wrong', () => readNode(nodeOf(1, 0, 5), 1, { length: 5 }))
    refused('chunk_too_long', () => readNode(nodeOf(1, limits.chunkBytes + 1), 1, { length: limits.chunkBytes + 1 }))
    refused('length_wrong', () => readNode(nodeOf(2, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), 2, { length: 5 }))
  })

  test('and by what the record says of its root', async () => {
    const root = { id: toHex(random.bytes(32)) as BlobId, hash: random.bytes(32), length: limits.chunkBytes + 1, depth: 0 }
    refused('chunk_too_long', () => checkRoot(root))
    refused('too_deep', () => checkRoot({ ...root, depth: limits.treeDepth + 1 }))
    await expect(walkTree({ ...root, depth: limits.treeDepth + 1 }, async () => new Uint8Array()).next()).rejects.toThrow(new TreeError('too_deep'))
  })

  test('a node stands for more bytes below it than its parent said', async () => {
    const kept = new Kept()
    const child = kept.seal(nodeOf(1, 5, 5), 9)
    const root = kept.seal(encode(node, { level: 2, entries: [child] }), 9)
    await expect(chunksOf(kept, { ...root, depth: 2 })).rejects.toThrow(new TreeError('length_wrong'))
  })
})
