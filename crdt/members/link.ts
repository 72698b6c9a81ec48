/**
 * Invite links: capabilities, not keys. A link names the mesh, who invites, what the mesh looked like (so that an
 * older or another history is not taken for it), where to look for its peers, and holds a one-time secret. In an https
 * link all of it stands in the fragment, which browsers do not send; without a relay it is `atoll:…`.
 */
import { derive, hasher } from '../crypto/hash.ts'
import { signingPair, type SigningPair } from '../crypto/sign.ts'
import { decode, encode, fixed, list, struct, text, type TypeOf } from '../wire/codec.ts'
import { deviceId, entryId, type EntryId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { domains } from '../wire/protocols.ts'

export const linkVersion = 1
export const secretBytes = 16

const linkBody = struct({
  mesh: entryId,
  inviter: deviceId,
  /** The entry that opened the invite: a history without it is refused. */
  opened: entryId,
  /** Relays, or where there are none the inviter's own addresses. */
  addresses: list(text(limits.addressBytes), limits.relaysPerLink),
  secret: fixed(secretBytes),
})
export type InviteLink = TypeOf<typeof linkBody>

export type LinkResult =
  | { readonly ok: true; readonly link: InviteLink }
  | { readonly ok: false; readonly problem: 'malformed'; readonly why: string }
  | { readonly ok: false; readonly problem: 'version'; readonly version: number }

const checksum = hasher(domains.linkChecksum)
const checksumBytes = 4

/** The invite key: its public half is the invite's id, and whoever holds the link can sign with it. */
export const inviteKey = (secret: Uint8Array): SigningPair => signingPair(derive(domains.inviteKey, secret))

/** Where joiners and members look for each other at a relay: tells it nothing. */
export const inviteCode = (invite: string, mesh: EntryId): Uint8Array => derive(domains.rendezvousCode, keyOf(invite), keyOf(mesh))

function keyOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
}

/** @param page an https page whose fragment shall hold the link; without one it is `atoll:…` */
export function formatLink(link: InviteLink, page?: string): string {
  const body = encode(linkBody, link)
  const whole = new Uint8Array(1 + body.length + checksumBytes)
  whole[0] = linkVersion
  whole.set(body, 1)
  whole.set(checksum(whole.subarray(0, 1 + body.length)).subarray(0, checksumBytes), 1 + body.length)
  const token = toBase64Url(whole)
  return page === undefined ? `atoll:${token}` : `${page}#${token}`
}

/** Parses what a person pasted: surrounding space and line breaks inside are forgiven, anything else is not. */
export function parseLink(pasted: string): LinkResult {
  if (pasted.length > limits.linkBytes * 2) return malformed('it is too long')
  const trimmed = pasted.replace(/\s+/g, '').replace(/^[<"']|[>"']$/g, '')
  const found = /^(?:atoll:|https?:\/\/[^#]*#)([A-Za-z0-9_-]+)$/.exec(trimmed)
  if (!found) return malformed('it does not begin with atoll: or an address with #')
  const whole = fromBase64Url(found[1] as string)
  if (!whole || whole.length < 1 + checksumBytes) return malformed('it is cut short')
  const end = whole.length - checksumBytes
  const sum = checksum(whole.subarray(0, end))
  if (whole.subarray(end).some((byte, i) => byte !== sum[i])) return malformed('a character is wrong or missing')
  if (whole[0] !== linkVersion) return { ok: false, problem: 'version', version: whole[0] as number }
  const body = decode(linkBody, whole.subarray(1, end))
  return body.ok ? { ok: true, link: body.value } : malformed(body.detail)
}

function malformed(why: string): LinkResult {
  return { ok: false, problem: 'malformed', why }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Base64url (RFC 4648 section 5) without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const group = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    const digits = Math.min(bytes.length - i, 3) + 1
    for (let d = 0; d < digits; d++) out += alphabet[(group >>> (18 - 6 * d)) & 63]
  }
  return out
}

/** The bytes, or undefined when the text is not the canonical encoding of any. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  const bytes: number[] = []
  for (let i = 0; i < text.length; i += 4) {
    const part = text.slice(i, i + 4)
    if (part.length === 1) return undefined
    const group = part.split('').reduce((value, digit, d) => value | (alphabet.indexOf(digit) << (18 - 6 * d)), 0)
    for (let b = 0; b < part.length - 1; b++) bytes.push((group >>> (16 - 8 * b)) & 255)
  }
  const whole = Uint8Array.from(bytes)
  return toBase64Url(whole) === text ? whole : undefined
}

