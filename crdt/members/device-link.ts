/**
 * Links by which a person takes another device of their own into their meshes. Such a link names the device that made
 * it, where that is to be found, and holds a one-time secret. It lets nobody in by itself: the two devices compute a
 * short code from their conversation, and the person types what the new one shows on the old one.
 *
 * The conversation is that of numeric comparison in Bluetooth (Core, vol 2 part H, 7.2.1) and of short authentication
 * strings in ZRTP (RFC 6189, 4.4.1.1): who asks commits to random bytes, the other shows its own, then the first are
 * revealed. Whoever stands between the two takes part in two conversations, and has chosen all that is its own in
 * each before it knows what the other side adds: the codes are equal by chance alone, once in a million tries. A
 * link is good for few tries (`limits.deviceLinkTries`), since one that breaks off before it is revealed is a try too.
 */
import { concat, derive, hasher } from '../crypto/hash.ts'
import { noMesh, sign, signingPair, verify, type SigningPair } from '../crypto/sign.ts'
import { decode, encode, fixed, list, struct, text, type TypeOf } from '../wire/codec.ts'
import { deviceId, fromHex, type DeviceId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { domains } from '../wire/protocols.ts'
import { formatToken, parseToken } from '../wire/token-text.ts'
import { secretBytes, type LinkProblem } from './link.ts'

const deviceLinkVersion = 1
const prefix = 'atoll:device:'

const deviceLinkBody = struct({
  /** The device that made it: nobody else answers, and the connection proves that it is this one. */
  device: deviceId,
  /** Relays, or where there are none the device's own addresses. */
  addresses: list(text(limits.addressBytes), limits.relaysPerLink),
  secret: fixed(secretBytes),
})
export type DeviceLink = TypeOf<typeof deviceLinkBody>

const checksum = hasher(domains.deviceLinkChecksum)

/** The link's key pair: its public half names the link, and only who has the link can sign with it. */
export const deviceLinkKey = (secret: Uint8Array): SigningPair => signingPair(derive(domains.deviceLinkKey, secret))

/** Where the two devices look for each other at a relay. */
export const deviceLinkCode = (link: string): Uint8Array => derive(domains.deviceLinkCode, fromHex(link))

export function formatDeviceLink(link: DeviceLink): string {
  return prefix + formatToken(deviceLinkVersion, encode(deviceLinkBody, link), checksum)
}

/** Whether a text means to be such a link. */
export const isDeviceLink = (pasted: string): boolean => pasted.replace(/[\s<"']/g, '').startsWith(prefix)

/** Parses what a person pasted: space and line breaks are forgiven, anything else is not. */
export function parseDeviceLink(pasted: string): { readonly ok: true; readonly link: DeviceLink } | LinkProblem {
  if (pasted.length > limits.linkBytes * 2) return { ok: false, problem: 'malformed', why: 'it is too long' }
  const trimmed = pasted.replace(/\s+/g, '').replace(/^[<"']|[>"']$/g, '')
  if (!trimmed.startsWith(prefix)) return { ok: false, problem: 'malformed', why: `it does not begin with ${prefix}` }
  const token = parseToken(trimmed.slice(prefix.length), checksum)
  if (!token.ok) return { ok: false, problem: 'malformed', why: token.why }
  if (token.version !== deviceLinkVersion) return { ok: false, problem: 'version', version: token.version }
  const body = decode(deviceLinkBody, token.body)
  return body.ok ? { ok: true, link: body.value } : { ok: false, problem: 'malformed', why: body.detail }
}

const commitment = hasher(domains.deviceLinkCommitment)

/** What the new device says of its random bytes before it has seen the other's. */
export const commitTo = (device: DeviceId, nonce: Uint8Array): Uint8Array => commitment(concat(fromHex(device), nonce))

/** What both devices know of their one conversation. */
export interface LinkTalkParts {
  /** The public half of the link's key. */
  readonly link: string
  readonly newDevice: DeviceId
  readonly oldDevice: DeviceId
  readonly newNonce: Uint8Array
  readonly oldNonce: Uint8Array
}

const hashTranscript = hasher(domains.deviceLinkTranscript)
const hashCode = hasher(domains.shortCode)

export function linkTranscript({ link, newDevice, oldDevice, newNonce, oldNonce }: LinkTalkParts): Uint8Array {
  return hashTranscript(concat(fromHex(link), fromHex(newDevice), fromHex(oldDevice), newNonce, oldNonce))
}

/** Whoever asks has the link. It is for no mesh yet. */
export const proveDeviceLink = (transcript: Uint8Array, key: SigningPair): Uint8Array => sign(domains.deviceLinkChannel, noMesh, transcript, key)
export const checkDeviceLink = (transcript: Uint8Array, proof: Uint8Array, link: string): boolean => verify(domains.deviceLinkChannel, noMesh, transcript, proof, link)

/** The six digits that the person carries from one screen to the other. */
export function shortCode(transcript: Uint8Array): string {
  const value = hashCode(transcript).subarray(0, 6).reduce((sum, byte) => sum * 256 + byte, 0)
  return String(value % 1_000_000).padStart(6, '0')
}

/** As it is shown: in two groups. */
export const inTwoGroups = (code: string): string => `${code.slice(0, 3)} ${code.slice(3)}`
