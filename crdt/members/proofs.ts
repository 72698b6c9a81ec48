/** What the signatures inside membership ops cover. Each has its own domain and names everything it is about. */
import { concat } from '../crypto/hash.ts'
import { noMesh, sign, verify, type SigningPair } from '../crypto/sign.ts'
import type { SealingPair } from '../crypto/wrap.ts'
import { fromHex, type DeviceId, type EntryId, type MemberId, type MeshId } from '../wire/ids.ts'
import { domains } from '../wire/protocols.ts'
import type { Introduction } from './ops.ts'

type Mesh = MeshId | typeof noMesh

/** The device says which sealing key is its own. Not bound to a mesh: a device uses one key everywhere. */
export function introduce(device: SigningPair, sealing: SealingPair): Introduction {
  return {
    device: device.publicKey as DeviceId,
    sealingKey: sealing.publicKey,
    sealingProof: sign(domains.sealingKey, noMesh, fromHex(sealing.publicKey), device),
  }
}

export function checkIntroduction(introduction: Introduction): boolean {
  return verify(domains.sealingKey, noMesh, fromHex(introduction.sealingKey), introduction.sealingProof, introduction.device)
}

/** The root key says that a device is its member's. */
export function proveRoot(mesh: Mesh, device: DeviceId, root: SigningPair): Uint8Array {
  return sign(domains.rootProof, mesh, fromHex(device), root)
}

export function checkRoot(mesh: Mesh, device: DeviceId, member: MemberId, proof: Uint8Array): boolean {
  return verify(domains.rootProof, mesh, fromHex(device), proof, member)
}

/** The root key takes a device away. */
export function proveRootRemoval(mesh: Mesh, device: DeviceId, root: SigningPair): Uint8Array {
  return sign(domains.rootRemoval, mesh, fromHex(device), root)
}

export function checkRootRemoval(mesh: Mesh, device: DeviceId, member: MemberId, proof: Uint8Array): boolean {
  return verify(domains.rootRemoval, mesh, fromHex(device), proof, member)
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
