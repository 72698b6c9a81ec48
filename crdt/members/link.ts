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
import { formatToken, parseToken } from '../wire/token-text.ts'

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

export type LinkProblem =
  | { readonly ok: false; readonly problem: 'malformed'; readonly why: string }
  | { readonly ok: false; readonly problem: 'version'; readonly version: number }
type LinkResult = { readonly ok: true; readonly link: InviteLink } | LinkProblem

const checksum = hasher(domains.linkChecksum)

/** The invite key: its public half is the invite's id, and whoever holds the link can sign with it. */
export const inviteKey = (secret: Uint8Array): SigningPair => signingPair(derive(domains.inviteKey, secret))

/** Where joiners and members look for each other at a relay: tells it nothing. */
export const inviteCode = (invite: string, mesh: EntryId): Uint8Array => derive(domains.rendezvousCode, keyOf(invite), keyOf(mesh))

function keyOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
}

/** @param page an https page whose fragment shall hold the link; without one it is `atoll:…` */
export function formatLink(link: InviteLink, page?: string): string {
  const token = formatToken(linkVersion, encode(linkBody, link), checksum)
  return page === undefined ? `atoll:${token}` : `${page}#${token}`
}

/** Parses what a person pasted: surrounding space and line breaks inside are forgiven, anything else is not. */
export function parseLink(pasted: string): LinkResult {
  if (pasted.length > limits.linkBytes * 2) return malformed('it is too long')
  const trimmed = pasted.replace(/\s+/g, '').replace(/^[<"']|[>"']$/g, '')
  const found = /^(?:atoll:|https?:\/\/[^#]*#)([A-Za-z0-9_-]+)$/.exec(trimmed)
  if (!found) return malformed('it does not begin with atoll: or an address with #')
  const token = parseToken(found[1] as string, checksum)
  if (!token.ok) return malformed(token.why)
  if (token.version !== linkVersion) return { ok: false, problem: 'version', version: token.version }
  const body = decode(linkBody, token.body)
  return body.ok ? { ok: true, link: body.value } : malformed(body.detail)
}

function malformed(why: string): LinkResult {
  return { ok: false, problem: 'malformed', why }
}
