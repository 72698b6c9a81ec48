/**
 * Tokens for headless devices: one word that holds all it takes to come into one mesh as a member of its own. The root
 * key of that member is in it, so each run links a device that it made for itself, and nothing but the word need be
 * kept. Whoever has the word is that member until it is removed.
 */
import { derive, hasher } from '../crypto/hash.ts'
import { decode, encode, fixed, list, struct, text, uint, type TypeOf } from '../wire/codec.ts'
import { deviceId, entryId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { domains } from '../wire/protocols.ts'
import { formatToken, parseToken } from '../wire/token-text.ts'
import type { LinkProblem } from './link.ts'

const tokenVersion = 1
const prefix = 'atoll-token-'

const tokenBody = struct({
  mesh: entryId,
  /** The seed of the member's root key. */
  seed: fixed(32),
  /** The entry that admitted the member: a history without it is refused. */
  admitted: entryId,
  /** Who made it, and at which addresses it is found; or relays. */
  maker: deviceId,
  addresses: list(text(limits.addressBytes), limits.relaysPerLink),
  name: text(limits.nameBytes),
  /** Milliseconds since 1970. */
  expires: uint,
  /** What its node may be asked to do; none: all that its role may. */
  scopes: list(text(limits.scopeBytes), limits.scopesPerToken),
})
export type AccessToken = TypeOf<typeof tokenBody>

const checksum = hasher(domains.tokenChecksum)

export const formatAccessToken = (token: AccessToken): string => prefix + formatToken(tokenVersion, encode(tokenBody, token), checksum)

/** Reads a token as it stands in the environment; space around it is forgiven. */
export function parseAccessToken(given: string): { readonly ok: true; readonly token: AccessToken } | LinkProblem {
  if (given.length > limits.tokenBytes) return { ok: false, problem: 'malformed', why: 'it is too long' }
  const trimmed = given.trim()
  if (!trimmed.startsWith(prefix)) return { ok: false, problem: 'malformed', why: `it does not begin with ${prefix}` }
  const parsed = parseToken(trimmed.slice(prefix.length), checksum)
  if (!parsed.ok) return { ok: false, problem: 'malformed', why: parsed.why }
  if (parsed.version !== tokenVersion) return { ok: false, problem: 'version', version: parsed.version }
  const body = decode(tokenBody, parsed.body)
  return body.ok ? { ok: true, token: body.value } : { ok: false, problem: 'malformed', why: body.detail }
}

/**
 * The secrets of the device that a token's member is admitted with, since nobody is admitted without one. It never
 * runs; the first run removes it.
 */
export const firstDeviceOf = (seed: Uint8Array): { readonly seed: Uint8Array; readonly sealingSecret: Uint8Array } => ({ seed: derive(domains.tokenDevice, seed), sealingSecret: derive(domains.tokenSealing, seed) })
