/**
 * A file's manifest: a tree whose nodes list chunks, or nodes. Nodes are sealed as chunks are, and end where the id of an
 * entry says so, so an insert in the middle changes one path to the root. Ids are hashes, so there are no cycles; what
 * else a hostile author can write (depth, lengths that lie, entries of nothing) is refused with a code.
 */
import { decode, encode, fixed, list, struct, uint, type TypeOf } from '../wire/codec.ts'
import { blobId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { chunkRef, type ChunkRef } from './chunk.ts'

const node = struct({
  /** 1 where the entries are chunks of the file. */
  level: uint,
  entries: list(chunkRef, limits.nodeEntries),
})

/** Where a file begins: a chunk that is all of it (depth 0), or the root of a tree of so many levels of nodes. */
export const fileRoot = struct({ id: blobId, hash: fixed(32), length: uint, depth: uint })
export type FileRoot = TypeOf<typeof fileRoot>

export type TreeProblem = 'too_deep' | 'node_malformed' | 'level_wrong' | 'node_empty' | 'length_wrong' | 'chunk_too_long' | 'does_not_open'

/** A tree that no honest author makes. */
export class TreeError extends Error {
  readonly problem: TreeProblem
  constructor(problem: TreeProblem) {
    super(`the file's tree is not in order: ${problem}`)
    this.name = 'TreeError'
    this.problem = problem
  }
}

const leastEntries = 64
/** After the least, one entry of 256 ends its node: by its id, whatever stands around it. */
const endsNode = (id: string): boolean => id.startsWith('00')

/** Puts a tree together from the chunks of a file, in order, holding one open node for each level. */
export class TreeBuilder {
  readonly #seal: (plain: Uint8Array, length: number) => ChunkRef
  readonly #open: ChunkRef[][] = []

  /** @param seal seals a node, sees to it that it is stored, and names it */
  constructor(seal: (plain: Uint8Array, length: number) => ChunkRef) {
    this.#seal = seal
  }

  add(chunk: ChunkRef): void {
    this.#add(0, chunk)
  }

  /** The root, after the last chunk. A file has at least one, if only an empty one. */
  finish(): FileRoot {
    for (let level = 0; level <= limits.treeDepth; level++) {
      const [only, ...others] = this.#open[level] ?? []
      const isTop = this.#open.slice(level + 1).every((entries) => entries.length === 0)
      if (isTop && only && others.length === 0) return { ...only, depth: level }
      if (only) this.#close(level)
    }
    throw new TreeError('too_deep')
  }

  #add(level: number, ref: ChunkRef): void {
    const entries = (this.#open[level] ??= [])
    entries.push(ref)
    if (entries.length >= limits.nodeEntries || (entries.length >= leastEntries && endsNode(ref.id))) this.#close(level)
  }

  #close(level: number): void {
    const entries = this.#open[level] ?? []
    this.#open[level] = []
    this.#add(level + 1, this.#seal(encode(node, { level: level + 1, entries }), entries.reduce((sum, { length }) => sum + length, 0)))
  }
}

/** What a node lists, checked against what was said of it. Throws TreeError. */
export function readNode(plain: Uint8Array, level: number, { length }: Pick<ChunkRef, 'length'>): readonly ChunkRef[] {
  const read = decode(node, plain)
  if (!read.ok) throw new TreeError('node_malformed')
  const { entries } = read.value
  if (read.value.level !== level) throw new TreeError('level_wrong')
  if (entries.length === 0) throw new TreeError('node_empty')
  let sum = 0
  for (const entry of entries) {
    if (entry.length === 0) throw new TreeError('length_wrong')
    if (level === 1) checkChunk(entry)
    sum += entry.length
  }
  if (sum !== length) throw new TreeError('length_wrong')
  return entries
}

/** Refuses a root that no walk could follow. Throws TreeError. */
export function checkRoot(root: FileRoot): void {
  if (root.depth > limits.treeDepth) throw new TreeError('too_deep')
  if (root.depth === 0) checkChunk(root)
}

function checkChunk({ length }: ChunkRef): void {
  if (length > limits.chunkBytes) throw new TreeError('chunk_too_long')
}

/** Chunks that follow one another in a file. */
export interface ChunkRun {
  /** Where in the file the first of them begins. */
  readonly at: number
  readonly chunks: readonly ChunkRef[]
}

/**
 * The chunks of a file in order, a node at a time; holds one node of each level.
 * @param read gives the plain bytes of a node; `level` 1 for those that list chunks
 */
export async function* walkTree(root: FileRoot, read: (refs: ChunkRef, level: number) => Promise<Uint8Array>): AsyncGenerator<ChunkRun, void> {
  checkRoot(root)
  let at = 0
  const walk = async function* (ref: ChunkRef, level: number): AsyncGenerator<ChunkRun, void> {
    const entries = readNode(await read(ref, level), level, ref)
    if (level > 1) for (const entry of entries) yield* walk(entry, level - 1)
    else {
      yield { at, chunks: entries }
      at += ref.length
    }
  }
  const { depth, ...ref } = root
  if (depth === 0) yield { at, chunks: [ref] }
  else yield* walk(ref, depth)
}
