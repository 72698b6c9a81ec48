/**
 * The entry: the unit of everything durable. Layout, in order:
 *
 *   version, type, mesh tag, log, seq, previous, device, clock, frontier?, epoch+nonce?, clear op?   the header
 *   sealed body                                                                                    ciphertext
 *   signature                                                                                      64 bytes
 *
 * The header is the associated data of the body. The signature covers header and body; the id is the hash of all
 * of it, signature included, so that the signature of a later entry vouches for the earlier ones (rule T2).
 * Bytes are signed once and kept verbatim; this module never re-encodes what it received.
 */
import { seal, nonceBytes, tagBytes } from '../crypto/seal.ts'
import { boundIds } from '../crypto/bound-id.ts'
import { concat, hasher } from '../crypto/hash.ts'
import { noMesh, sign, type SigningPair, type Verify } from '../crypto/sign.ts'
import { bytes, DecodeError, encode, fixed, names, optional, Reader, struct, uint, type DecodeProblem, type TypeOf } from '../wire/codec.ts'
import { deviceId, entryId, fromHex, idSet, logId, toHex, type EntryId, type LogId, type MeshId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { domains } from '../wire/protocols.ts'
import { hybridTime } from './clock.ts'

export const entryVersion = 1
export const signatureBytes = 64

/** Where a body is sealed: under which epoch (named by the id of its rotation) and with which nonce. */
const sealing = struct({ epoch: entryId, nonce: fixed(nonceBytes) })

const frontierField = optional(idSet<EntryId>(32, limits.frontierIds))

const header = struct({
  version: uint,
  /** Membership and content stand in logs of their own, so that membership can be synced first. */
  type: names({ content: 0, membership: 1 }),
  tag: fixed(8),
  log: logId,
  seq: uint,
  /** The entry before in this log; in a first entry the head of an older log of the device that this one follows. */
  previous: optional(entryId),
  device: deviceId,
  clock: hybridTime,
  /** The newest membership entries the author knew; left out where its predecessor's still holds. */
  frontier: frontierField,
  sealing: optional(sealing),
  /** Membership entries only: who may do what, for all to see. */
  op: optional(bytes(limits.clearOpBytes)),
})
export type EntryHeader = TypeOf<typeof header>

/** A decoded entry. `bytes` is the original; the rest points into it. */
export interface Entry extends EntryHeader {
  readonly id: EntryId
  readonly bytes: Uint8Array
  readonly headerBytes: Uint8Array
  readonly body: Uint8Array
  readonly signature: Uint8Array
}

export type EntryProblem = DecodeProblem | 'too_large' | 'version' | 'bad_shape'
export type EntryResult = { readonly ok: true; readonly entry: Entry } | { readonly ok: false; readonly problem: EntryProblem; readonly detail: string }

/** Log ids are bound to their device, so nobody can start another's log. */
export const logIds = boundIds<LogId>(domains.logId)

const hashEntry = hasher(domains.entryId)
const hashTag = hasher(domains.meshTag)

/** Eight bytes that tell entries of different meshes apart at a glance; the signature covers the whole mesh id. */
export function meshTag(mesh: string): Uint8Array {
  return mesh === noMesh ? new Uint8Array(8) : hashTag(fromHex(mesh)).slice(0, 8)
}

export function idOf(entryBytes: Uint8Array): EntryId {
  return toHex(hashEntry(entryBytes)) as EntryId
}

export interface EntryParts extends Omit<EntryHeader, 'version' | 'tag' | 'sealing'> {
  readonly sealed?: { readonly epoch: EntryId; readonly nonce: Uint8Array; readonly key: Uint8Array; readonly plain: Uint8Array }
}

/** Seals and signs a new entry. Throws EncodeError when it would break a limit. */
export function buildEntry(mesh: MeshId | typeof noMesh, parts: EntryParts, device: SigningPair): Entry {
  const { sealed, ...fields } = parts
  const headerBytes = encode(header, {
    ...fields,
    version: entryVersion,
    tag: meshTag(mesh),
    sealing: sealed && { epoch: sealed.epoch, nonce: sealed.nonce },
  })
  const body = sealed ? seal(sealed.key, sealed.nonce, sealed.plain, headerBytes) : new Uint8Array()
  const unsigned = concat(headerBytes, encode(bytes(limits.entryBytes), body))
  const whole = concat(unsigned, sign(domains.entry, mesh, unsigned, device))
  const result = readEntry(whole)
  if (!result.ok) throw new DecodeError('bad_value', `an entry of our own: ${result.problem} ${result.detail}`)
  return result.entry
}

/** Parses and bounds received bytes. It checks shape, not signature and not authority. */
export function readEntry(whole: Uint8Array): EntryResult {
  if (whole.length > limits.entryBytes) return { ok: false, problem: 'too_large', detail: `${whole.length} bytes` }
  try {
    if (whole[0] !== entryVersion) return { ok: false, problem: 'version', detail: `version ${whole[0]}` }
    const from = new Reader(whole)
    const fields = header.read(from)
    const headerBytes = whole.subarray(0, from.at)
    const body = from.raw(from.bounded(limits.entryBytes, 'body'))
    const signature = from.raw(signatureBytes)
    if (from.left > 0) return { ok: false, problem: 'trailing_bytes', detail: `${from.left} bytes` }
    const wrong = shapeProblem(fields, body)
    if (wrong) return { ok: false, problem: 'bad_shape', detail: wrong }
    return { ok: true, entry: { ...fields, id: idOf(whole), bytes: whole, headerBytes, body, signature } }
  } catch (error) {
    if (error instanceof DecodeError) return { ok: false, problem: error.problem, detail: error.message }
    throw error
  }
}

/** The fields of a header before its clock, as many bytes each has. */
const placeBytes = { tag: 8, log: 16, hash: 32, device: 32 } as const

/**
 * Only the clock and the frontier of an entry, without hashing it: for whoever goes through many. Undefined where the
 * bytes are no entry.
 */
export function readMoment(whole: Uint8Array): Pick<EntryHeader, 'clock' | 'frontier'> | undefined {
  try {
    const from = new Reader(whole)
    if (from.uint() !== entryVersion) return undefined
    from.uint()
    from.raw(placeBytes.tag + placeBytes.log)
    from.uint()
    if (from.u8() === 1) from.raw(placeBytes.hash)
    from.raw(placeBytes.device)
    return { clock: hybridTime.read(from), frontier: frontierField.read(from) }
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/** Checks one entry's signature. */
export function verifyEntry(mesh: string, entry: Entry, verify: Verify): boolean {
  const unsigned = entry.bytes.subarray(0, entry.bytes.length - signatureBytes)
  return verify(domains.entry, mesh, unsigned, entry.signature, entry.device)
}

function shapeProblem(fields: EntryHeader, body: Uint8Array): string | undefined {
  if (fields.seq < 1) return 'seq starts at 1'
  if (fields.seq === 1 && !logIds.isOf(fields.log, fields.device)) return 'a log id that is not its device\'s'
  if (fields.seq > 1 && fields.previous === undefined) return 'a later entry without its predecessor'
  if (fields.type === 'content' && fields.op !== undefined) return 'a content entry with a clear op'
  if (fields.type === 'membership' && fields.op === undefined) return 'a membership entry without an op'
  if (fields.type === 'content' && fields.sealing === undefined) return 'a content entry without a body'
  if (fields.type === 'content' && fields.seq === 1 && fields.frontier === undefined) return 'a first entry without a frontier'
  if ((fields.sealing === undefined) !== (body.length === 0)) return 'body and sealing do not match'
  if (fields.sealing !== undefined && body.length < tagBytes) return 'a body shorter than its tag'
  return undefined
}
