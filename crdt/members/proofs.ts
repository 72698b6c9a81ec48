/** What the signatures inside membership ops cover. Each has its own domain and names everything it is about. */
import { concat } from '../crypto/hash.ts'
import { noMesh, sign, verify, type SigningPair } from '../crypto/sign.ts'
import type { SealingPair } from '../crypto/wrap.ts'
import { encode, list, struct } from '../wire/codec.ts'
import { deviceId, entryId, fromHex, idSet, type DeviceId, type EntryId, type MemberId, type MeshId, type SealingKey } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { domains } from '../wire/protocols.ts'
import type { MemberEntry } from './history.ts'
import { pin, type Introduction, type OpOf } from './ops.ts'

type Mesh = MeshId | typeof noMesh

/**
 * What a device signs to introduce itself: its sealing key and the member that it is a device of, or else any steward
 * could claim somebody's device for a member of his own.
 */
export function introductionBytes(sealingKey: SealingKey, member: MemberId): Uint8Array {
  return concat(fromHex(sealingKey), fromHex(member))
}

/** The device says whose it is and which sealing key is its own. Not bound to a mesh, since the founding has none yet. */
export function introduce(device: SigningPair, sealing: SealingPair, member: MemberId): Introduction {
  return {
    device: device.publicKey as DeviceId,
    sealingKey: sealing.publicKey,
    sealingProof: sign(domains.sealingKey, noMesh, introductionBytes(sealing.publicKey, member), device),
  }
}

export function checkIntroduction(introduction: Introduction, member: MemberId): boolean {
  return verify(domains.sealingKey, noMesh, introductionBytes(introduction.sealingKey, member), introduction.sealingProof, introduction.device)
}

/** The root key says that a device is its member's: in the founding and in admissions. */
export function proveRoot(mesh: Mesh, device: DeviceId, root: SigningPair): Uint8Array {
  return sign(domains.rootProof, mesh, fromHex(device), root)
}

export function checkRoot(mesh: Mesh, device: DeviceId, member: MemberId, proof: Uint8Array): boolean {
  return verify(domains.rootProof, mesh, fromHex(device), proof, member)
}

/** What the root key signs for a link: the grant too, or an admission's proof would link its device to any later one. */
export function rootLinkBytes(device: DeviceId, grant: EntryId): Uint8Array {
  return concat(fromHex(device), fromHex(grant))
}

/** The root key links a device to a grant of its member. */
export function proveRootLink(mesh: MeshId, device: DeviceId, grant: EntryId, root: SigningPair): Uint8Array {
  return sign(domains.rootProof, mesh, rootLinkBytes(device, grant), root)
}

const rootRemoval = struct({ by: deviceId, parents: idSet<EntryId>(32, limits.frontierIds + 1), grant: entryId, device: deviceId, pins: list(pin, limits.pins) })

/**
 * What the root key signs to remove a device: who carries the entry, and everything in it, with the frontier and the
 * predecessor that it names. A proof that said less could be used again at an earlier frontier or with lower pins.
 */
export function rootRemovalBytes(entry: Pick<MemberEntry, 'device' | 'parents'>, op: Pick<OpOf<'removeDevice'>, 'grant' | 'device' | 'pins'>): Uint8Array {
  return encode(rootRemoval, { by: entry.device, parents: entry.parents, grant: op.grant, device: op.device, pins: op.pins })
}

/** The root key takes a device away. */
export function proveRootRemoval(mesh: MeshId, entry: Pick<MemberEntry, 'device' | 'parents'>, op: Pick<OpOf<'removeDevice'>, 'grant' | 'device' | 'pins'>, root: SigningPair): Uint8Array {
  return sign(domains.rootRemoval, mesh, rootRemovalBytes(entry, op), root)
}

/** A new device agrees to be linked to this member by this device. */
export function consentToLink(mesh: Mesh, member: MemberId, by: DeviceId, device: SigningPair): Uint8Array {
  return sign(domains.linkConsent, mesh, concat(fromHex(member), fromHex(by)), device)
}

export function checkConsent(mesh: Mesh, member: MemberId, by: DeviceId, device: DeviceId, consent: Uint8Array): boolean {
  return verify(domains.linkConsent, mesh, concat(fromHex(member), fromHex(by)), consent, device)
}

/** What an invite key signs: who joins with which device, who admits, over which channel. */
export function inviteProofBytes(member: MemberId, device: DeviceId, admitter: DeviceId, opened: EntryId, transcript: Uint8Array): Uint8Array {
  return concat(fromHex(member), fromHex(device), fromHex(admitter), fromHex(opened), transcript)
}

export function proveInvite(mesh: MeshId, invite: SigningPair, proofBytes: Uint8Array): Uint8Array {
  return sign(domains.inviteProof, mesh, proofBytes, invite)
}

export function checkInvite(mesh: Mesh, invite: string, proofBytes: Uint8Array, proof: Uint8Array): boolean {
  return verify(domains.inviteProof, mesh, proofBytes, proof, invite)
}
