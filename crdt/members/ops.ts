/**
 * Membership operations: the clear part of membership entries. They say who may do what, by keys; names of
 * people are content and sealed. One entry carries one op, so an entry's id names the grant, the removal, the
 * invite's opening or the epoch that it makes. The numbers are for good; a new meaning gets a new number.
 */
import { wrappedKeyBytes } from '../crypto/wrap.ts'
import { bytes, decode, encode, fixed, list, names, optional, struct, uint, variant, type Decoded, type TypeOf } from '../wire/codec.ts'
import { deviceId, entryId, idSet, inviteId, logId, memberId, sealingKey, type DeviceId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'

const signature = fixed(64)
const role = names({ mirror: 0, guest: 1, service: 2, member: 3, admin: 4, owner: 5 })

/** A device with its certified sealing key: the device signs the sealing key, its member's root signs the device. */
export const introduction = struct({
  device: deviceId,
  sealingKey,
  /** By the device, over its sealing key, in an admission also over the member: `introductionBytes`. */
  sealingProof: signature,
})
export type Introduction = TypeOf<typeof introduction>

const wrapped = struct({ device: deviceId, key: fixed(wrappedKeyBytes) })

/** Where a log branch may stand after its author's removal: everything up to this entry. */
export const pin = struct({ log: logId, seq: uint, id: entryId })
export type Pin = TypeOf<typeof pin>

/** What newcomers may read of earlier epochs. `since` starts at a checkpoint (reserved; see the `horizon` kinds). */
const history = names({ all: 0, none: 1, since: 2 })

export const memberOp = variant({
  /** Founds the mesh: the author's device becomes the first owner's. */
  found: [1, struct({ member: memberId, rootProof: signature, introduction, history, salt: fixed(32) })],
  /** Admits a member with its first device, by an invite or (stewards only) without one. */
  admit: [2, struct({
    grant: entryId,
    member: memberId,
    role,
    rootProof: signature,
    introduction,
    /** The entry that opened the invite, and the invite key's signature over `inviteProofBytes`. */
    invite: optional(struct({ opened: entryId, transcript: fixed(32), proof: signature })),
  })],
  /** Gives a member another role, higher or lower, with the devices that may use it. */
  promote: [3, struct({ grant: entryId, member: memberId, role, devices: idSet<DeviceId>(32, limits.devicesPerGrant) })],
  /** Adds a device to the author's member: signed for by the device that links, or by the root key. */
  link: [4, struct({
    grant: entryId,
    introduction,
    /** By the new device, over member and linking device: nobody is linked unasked. */
    consent: signature,
    /** By the root key over device and grant. Where the new device links itself, this speaks for it. */
    rootProof: optional(signature),
  })],
  /** Takes every grant of a member that its author outranks. */
  remove: [5, struct({ grant: entryId, member: memberId, pins: list(pin, limits.pins) })],
  /**
   * Takes one device of the author's own member: by a device that linked it, directly or through others, or by the
   * root key, whose proof covers all of it and the frontier (`rootRemovalBytes`), so that it cannot be said twice.
   */
  removeDevice: [6, struct({ grant: entryId, device: deviceId, pins: list(pin, limits.pins), rootProof: optional(signature) })],
  leave: [7, struct({ grant: entryId })],
  /** Opens an invite. Expiry is kept by the inviter's node, which closes it (wall time is no authority). */
  invite: [8, struct({ grant: entryId, invite: inviteId, role, uses: uint, expires: uint, approval: names({ none: 0, steward: 1 }), history })],
  /** Closes an invite: admissions by it outside this entry's past are void. */
  close: [9, struct({ grant: entryId, opened: entryId, reason: names({ spent: 0, expired: 1, revoked: 2 }) })],
  /** Starts an epoch, named by this entry's id: commits to its key and wraps it for every admitted reader. */
  rotate: [10, struct({ grant: entryId, commitment: fixed(32), sealer: sealingKey, recipients: list(wrapped, limits.recipients) })],
  /** Hands the keys of one epoch to devices that lack it. */
  share: [11, struct({ grant: entryId, epoch: entryId, sealer: sealingKey, recipients: list(wrapped, limits.recipients) })],
  /** Certifies a new sealing key of the author's device. */
  reseal: [12, struct({ grant: entryId, introduction })],
  /** Reserved: pins all heads and so orders what stands below it (DESIGN, growth). Kept and forwarded, not folded. */
  horizon: [13, struct({ grant: entryId, payload: bytes(limits.clearOpBytes) })],
  /** A policy of a steward: see `policy.ts` for what the payload says. */
  policy: [14, struct({ grant: entryId, payload: bytes(limits.clearOpBytes) })],
})
export type MemberOp = TypeOf<typeof memberOp>
export type OpOf<T extends MemberOp['type']> = Extract<MemberOp, { type: T }>

export const encodeOp = (op: MemberOp): Uint8Array => encode(memberOp, op)
export const decodeOp = (clear: Uint8Array): Decoded<MemberOp> => decode(memberOp, clear)
