/** Ed25519 signatures (RFC 8032). Each covers its domain, the mesh id and the bytes (rule T10). */
import { fromHex, toHex } from '../wire/ids.ts'
import type { Domain } from '../wire/protocols.ts'
import { concat, domainBytes } from './hash.ts'
import { sodium } from './sodium.ts'

/** An Ed25519 key pair; the secret half is the 32-byte seed. */
export interface SigningPair {
  readonly publicKey: string
  readonly seed: Uint8Array
}

/** The mesh id that the founding entry is signed with, since its own hash is the mesh's. */
export const noMesh = '0'.repeat(64)

/** @param seed 32 random bytes */
export function signingPair(seed: Uint8Array): SigningPair {
  return { publicKey: toHex(sodium.crypto_sign_seed_keypair(seed).publicKey), seed }
}

export function sign(domain: Domain, mesh: string, bytes: Uint8Array, pair: SigningPair): Uint8Array {
  const secret = concat(pair.seed, fromHex(pair.publicKey))
  return sodium.crypto_sign_detached(concat(domainBytes(domain), fromHex(mesh), bytes), secret)
}

export function verify(domain: Domain, mesh: string, bytes: Uint8Array, signature: Uint8Array, publicKey: string): boolean {
  return sodium.crypto_sign_verify_detached(signature, concat(domainBytes(domain), fromHex(mesh), bytes), fromHex(publicKey))
}

/** How signatures are checked: `verify`, or a cache of its verdicts where thousands of peers share one process. */
export type Verify = typeof verify
