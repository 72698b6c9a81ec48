import type { Domain } from '../wire/protocols.ts'
import { sodium } from './sodium.ts'

const encoder = new TextEncoder()

/** A domain as 32 bytes, padded with zeros: the key of a hash, the start of what is signed. */
export function domainBytes(domain: Domain): Uint8Array {
  const padded = new Uint8Array(32)
  padded.set(encoder.encode(domain))
  return padded
}

/** BLAKE2b-256 keyed with the domain, so that equal bytes hashed for different uses give different hashes. */
export function hasher(domain: Domain): (bytes: Uint8Array) => Uint8Array {
  const key = domainBytes(domain)
  return (bytes) => sodium.crypto_generichash(32, bytes, key)
}

/**
 * A 32-byte key or tag derived from a 32-byte secret: BLAKE2b-256 keyed with the secret over domain and context.
 * Nothing about the secret or about other derivations can be learned from it.
 */
export function derive(domain: Domain, secret: Uint8Array, context: Uint8Array = new Uint8Array()): Uint8Array {
  return sodium.crypto_generichash(32, concat(domainBytes(domain), context), secret)
}

/** All parts, one after another. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Whether two byte strings are equal, in time that depends on their lengths only. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number)
  return difference === 0
}
