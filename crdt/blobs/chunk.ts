/**
 * Sealing the chunks of a file. A chunk's key is derived from the file's key and the hash of the plain bytes, and the
 * nonce is always zero: sound only because such a key belongs to exactly one plaintext, so that sealing twice gives the
 * same bytes and never two texts under one key stream. That is also what finds equal chunks within one audience, and
 * within no other, since others have other file keys.
 */
import { chunkTagBytes, type BlobCrypto } from '../crypto/blob-crypto.ts'
import { derive } from '../crypto/hash.ts'
import { fixed, struct, uint, type TypeOf } from '../wire/codec.ts'
import { blobId, toHex, type BlobId } from '../wire/ids.ts'
import { domains } from '../wire/protocols.ts'

/** A chunk as others name it: where its sealed bytes are found, and what opens them. */
export const chunkRef = struct({
  /** SHA-256 of the sealed bytes: whoever stores or carries them can check them. */
  id: blobId,
  /** SHA-256 of the plain bytes. */
  hash: fixed(32),
  /** How many bytes of the file lie in it or below it. */
  length: uint,
})
export type ChunkRef = TypeOf<typeof chunkRef>

export interface SealedChunk {
  readonly id: BlobId
  readonly bytes: Uint8Array
}

/** The id that sealed bytes have. */
export const idOfChunk = (crypto: BlobCrypto, sealed: Uint8Array): BlobId => toHex(crypto.sha256(sealed)) as BlobId

/** How long a chunk of so many plain bytes is when sealed. */
export const sealedBytes = (plainBytes: number): number => plainBytes + chunkTagBytes

/** @param length the bytes of the file that `plain` stands for, where that is not `plain` itself */
export function sealChunk(crypto: BlobCrypto, fileKey: Uint8Array, plain: Uint8Array, length = plain.length): { readonly ref: ChunkRef; readonly sealed: SealedChunk } {
  const hash = crypto.sha256(plain)
  const bytes = crypto.seal(derive(domains.chunkKey, fileKey, hash), plain)
  const id = idOfChunk(crypto, bytes)
  return { ref: { id, hash, length }, sealed: { id, bytes } }
}

/** The plain bytes, or undefined when they were not sealed under this key. That `sealed` has the id of `ref` was checked before. */
export function openChunk(crypto: BlobCrypto, fileKey: Uint8Array, ref: Pick<ChunkRef, 'hash'>, sealed: Uint8Array): Uint8Array | undefined {
  return crypto.open(derive(domains.chunkKey, fileKey, ref.hash), sealed)
}
