/** XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) with random 24-byte nonces that travel beside the ciphertext. */
import { sodium } from './sodium.ts'

export const nonceBytes = 24
export const tagBytes = 16

export function seal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array, associated: Uint8Array): Uint8Array {
  return sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, associated, null, nonce, key)
}

/** The plain bytes, or undefined when key, nonce, ciphertext or associated data do not belong together. */
export function open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, associated: Uint8Array): Uint8Array | undefined {
  if (sealed.length < tagBytes) return undefined
  try {
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, sealed, associated, nonce, key)
  } catch {
    // libsodium reports every failed authentication by throwing; there is nothing else to learn from it.
    return undefined
  }
}
