/**
 * Wrapping a 32-byte key for one device: static-static X25519 between the two devices' certified sealing keys,
 * then XChaCha20-Poly1305 under a key derived from the shared secret and both public keys. The entry around it
 * is signed, so sender authentication is not asked of it. A shared secret is computed once for each pair of keys;
 * afterwards a wrap costs some microseconds, where a sealed box costs 180.
 */
import { fromHex, toHex, type SealingKey } from '../wire/ids.ts'
import { domains } from '../wire/protocols.ts'
import { concat, derive } from './hash.ts'
import { nonceBytes, open, seal, tagBytes } from './seal.ts'
import { sodium } from './sodium.ts'

/** Nonce, key and tag. */
export const wrappedKeyBytes = nonceBytes + 32 + tagBytes

export interface SealingPair {
  readonly publicKey: SealingKey
  readonly secretKey: Uint8Array
}

/** @param secretKey 32 random bytes */
export function sealingPair(secretKey: Uint8Array): SealingPair {
  return { publicKey: toHex(sodium.crypto_scalarmult_base(secretKey)) as SealingKey, secretKey }
}

/** Wraps and unwraps with one device's sealing key, remembering the shared secrets of the pairs it has met. */
export class KeyWrapper {
  readonly #pair: SealingPair
  readonly #shared = new Map<string, Uint8Array>()

  constructor(pair: SealingPair) {
    this.#pair = pair
  }

  get publicKey(): SealingKey {
    return this.#pair.publicKey
  }

  /**
   * @param nonce 24 fresh random bytes
   * @param context what the key is for and where: bytes that the other side knows too
   */
  wrap(key: Uint8Array, to: SealingKey, nonce: Uint8Array, context: Uint8Array): Uint8Array | undefined {
    const wrapping = this.#wrappingKey(to, this.publicKey, to)
    return wrapping && concat(nonce, seal(wrapping, nonce, key, context))
  }

  /** The key that `from` wrapped for this device in this context, or undefined. */
  unwrap(wrapped: Uint8Array, from: SealingKey, context: Uint8Array): Uint8Array | undefined {
    const wrapping = this.#wrappingKey(from, from, this.publicKey)
    return wrapping && open(wrapping, wrapped.subarray(0, nonceBytes), wrapped.subarray(nonceBytes), context)
  }

  /** The direction is part of the key, so that a wrap can never be reflected to its sender. */
  #wrappingKey(other: SealingKey, from: SealingKey, to: SealingKey): Uint8Array | undefined {
    const direction = from + to
    const known = this.#shared.get(direction)
    if (known) return known
    let secret: Uint8Array
    try {
      secret = sodium.crypto_scalarmult(this.#pair.secretKey, fromHex(other))
    } catch {
      // A public key of low order: a peer certified a key that nobody could use. There is no secret to share.
      return undefined
    }
    const key = derive(domains.wrapKey, secret, fromHex(direction))
    if (this.#shared.size >= 10_000) this.#shared.clear()
    this.#shared.set(direction, key)
    return key
  }
}
