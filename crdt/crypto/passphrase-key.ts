/** Argon2id (RFC 9106): what makes guessing a passphrase dear. libsodium's small build has none of its own. */
import { argon2id } from '@noble/hashes/argon2.js'

export const saltBytes = 16

/** What one guess costs: passes over so much memory. Lanes are no threads here, but belong to the algorithm. */
export interface PassphraseCost {
  readonly passes: number
  readonly kibibytes: number
  readonly lanes: number
}

/** RFC 9106, second recommended option: some two seconds and 64 MiB. */
export const usualCost: PassphraseCost = { passes: 3, kibibytes: 64 * 1024, lanes: 4 }

/**
 * A 32-byte key. Equal passphrases that keyboards compose differently are equal (NFKC). Takes its time in one piece:
 * call it where nothing else waits.
 */
export function passphraseKey(passphrase: string, salt: Uint8Array, { passes, kibibytes, lanes }: PassphraseCost): Uint8Array {
  return argon2id(new TextEncoder().encode(passphrase.normalize('NFKC')), salt, { t: passes, m: kibibytes, p: lanes, dkLen: 32 })
}
