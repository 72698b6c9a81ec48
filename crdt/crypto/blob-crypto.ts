/** What chunks of files are hashed and sealed with. libsodium everywhere; Node has a quicker one of its own (node/host/blobs). */
import { sha256 } from './sha256.ts'
import { sodium } from './sodium.ts'

export const chunkTagBytes = 16

export interface BlobCrypto {
  /** @returns 32 bytes */
  sha256(bytes: Uint8Array): Uint8Array
  /** ChaCha20-Poly1305 (RFC 8439) under a nonce of zeros: the caller's key must never seal anything else. */
  seal(key: Uint8Array, plain: Uint8Array): Uint8Array
  /** The plain bytes, or undefined when key and bytes do not belong together. */
  open(key: Uint8Array, sealed: Uint8Array): Uint8Array | undefined
}

const zeroNonce = new Uint8Array(12)

export const sodiumBlobCrypto: BlobCrypto = {
  sha256,
  seal: (key, plain) => sodium.crypto_aead_chacha20poly1305_ietf_encrypt(plain, null, null, zeroNonce, key),
  open: (key, sealed) => {
    if (sealed.length < chunkTagBytes) return undefined
    try {
      return sodium.crypto_aead_chacha20poly1305_ietf_decrypt(null, sealed, null, zeroNonce, key)
    } catch {
      // libsodium reports every failed authentication by throwing; there is nothing else to learn from it.
      return undefined
    }
  },
}
