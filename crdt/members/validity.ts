/**
 * Whether a membership entry is allowed at the frontier it names. Decided from its past alone, so every peer
 * decides alike and for good; whether it still stands in the light of what is concurrent is the reading's matter.
 */
import type { Verify } from '../crypto/sign.ts'
import { noMesh } from '../crypto/sign.ts'
import { concat } from '../crypto/hash.ts'
import { fromHex, type DeviceId, type MemberId, type MeshId } from '../wire/ids.ts'
import { domains } from '../wire/protocols.ts'
import { type BitSet, type Grant, type History, type MemberEntry } from './history.ts'
import type { Introduction, MemberOp, OpOf } from './ops.ts'
import { inviteProofBytes } from './proofs.ts'
import { selfLinked } from './reading.ts'
import { granters, rank, stewards, writers } from './roles.ts'
import type { View } from './view.ts'

/** Why a membership entry has no effect, in words for the audit. */
export type Refusal = string

interface Context {
  readonly mesh: MeshId
  readonly history: History
  readonly past: BitSet
  /** The mesh as the entry's author saw it. */
  readonly view: View
  readonly verify: Verify
}

/** @returns why the entry is void from the start, or undefined when it is allowed */
export function refusalOf(entry: MemberEntry, context: Context): Refusal | undefined {
  const { op } = entry
  if (op.type === 'found') return foundRefusal(entry, op, context)
  const grantAt = context.history.at(op.grant)
  const grant = grantAt === undefined ? undefined : context.history.grants.get(grantAt)
  if (grantAt === undefined || !grant || !context.past.has(grantAt)) return 'names no grant in its past'
  if (!context.view.reading.isLive(grantAt)) return 'its grant is gone'
  if (selfLinked(op, entry.device)) return linkRefusal(entry, op as OpOf<'link'>, grant, context)
  if (!context.view.reading.isUsable(entry.device, grant)) return 'its device may not use that grant'
  return opRefusal(entry, op, grant, context)
}

function opRefusal(entry: MemberEntry, op: Exclude<MemberOp, { type: 'found' }>, grant: Grant, context: Context): Refusal | undefined {
  switch (op.type) {
    case 'admit': return admitRefusal(entry, op, grant, context)
    case 'promote': return promoteRefusal(op, grant, context)
    case 'link': return linkRefusal(entry, op, grant, context)
    case 'remove': return removeRefusal(op, grant, context)
    case 'removeDevice': return removeDeviceRefusal(entry, op, grant, context)
    case 'invite':
      if (!granters.has(grant.role)) return 'its role gives no grants'
      return rank(op.role) > rank(grant.role) || op.uses < 1 ? 'invites beyond its role' : undefined
    case 'close': return closeRefusal(op, grant, context)
    case 'rotate': return rotateRefusal(entry, op, grant, context)
    case 'share': return shareRefusal(entry, op, grant, context)
    case 'reseal': return op.introduction.device === entry.device && introduced(op.introduction, context) ? undefined : 'certifies another device'
    case 'policy':
    case 'horizon': return stewards.has(grant.role) ? undefined : 'its role sets no policy'
    case 'leave': return undefined
  }
}

function foundRefusal(entry: MemberEntry, op: OpOf<'found'>, { mesh, verify }: Context): Refusal | undefined {
  if (entry.id !== mesh) return 'founds another mesh'
  if (op.introduction.device !== entry.device) return 'introduces another device'
  if (!checkIntroduction(op.introduction, verify)) return 'its sealing key is not certified'
  return verify(domains.rootProof, noMesh, fromHex(entry.device), op.rootProof, op.member) ? undefined : 'its root key did not sign'
}

function admitRefusal(entry: MemberEntry, op: OpOf<'admit'>, grant: Grant, context: Context): Refusal | undefined {
  if (!granters.has(grant.role) || rank(op.role) > rank(grant.role)) return 'admits beyond its role'
  if (op.member === grant.member) return 'admits itself'
  const stranger = strangerRefusal(op.introduction, op.member, context)
  if (stranger) return stranger
  if (!context.verify(domains.rootProof, context.mesh, fromHex(op.introduction.device), op.rootProof, op.member)) return 'the root key did not sign the device'
  if (!op.invite) return stewards.has(grant.role) ? undefined : 'its role admits by invite only'
  return inviteRefusal(entry, op, op.invite, grant, context)
}

function inviteRefusal(entry: MemberEntry, op: OpOf<'admit'>, used: NonNullable<OpOf<'admit'>['invite']>, grant: Grant, { mesh, history, past, view, verify }: Context): Refusal | undefined {
  const opened = history.at(used.opened)
  const invite = opened === undefined ? undefined : history.entries[opened]?.op
  if (opened === undefined || !past.has(opened) || invite?.type !== 'invite' || !view.reading.stands(opened)) return 'names no invite that stands'
  if (invite.role !== op.role) return 'gives another role than the invite'
  const inviterGrant = history.grants.get(history.grantUsed(opened) as number) as Grant
  if (!view.reading.isLive(inviterGrant.at) || !view.reading.isUsable((history.entries[opened] as MemberEntry).device, inviterGrant)) return 'its inviter is gone'
  const stands = (at: number): boolean => past.has(at) && view.reading.stands(at)
  if (history.closes.get(opened)?.some(stands)) return 'its invite was closed'
  if ((history.admissions.get(opened) ?? []).filter(stands).length >= invite.uses) return 'its invite was used up'
  if (invite.approval === 'steward' && !stewards.has(grant.role)) return 'its invite asks for a steward'
  const proof = inviteProofBytes(op.member, op.introduction.device, entry.device, used.opened, used.transcript)
  return verify(domains.inviteProof, mesh, proof, used.proof, invite.invite) ? undefined : 'the invite key did not sign'
}

function promoteRefusal(op: OpOf<'promote'>, grant: Grant, { history, past, view }: Context): Refusal | undefined {
  if (!granters.has(grant.role) || rank(op.role) > rank(grant.role)) return 'promotes beyond its role'
  if (op.member === grant.member) return 'promotes itself'
  if (!view.member(op.member)) return 'promotes a stranger'
  if (op.devices.length === 0) return 'names no device'
  const own = op.devices.every((device) => ownerOf(device, history, past) === op.member && !deviceTaken(device, op.member, history, past, view))
  return own ? undefined : 'names a device that is not the member\'s'
}

function linkRefusal(entry: MemberEntry, op: OpOf<'link'>, grant: Grant, context: Context): Refusal | undefined {
  const { device } = op.introduction
  const stranger = strangerRefusal(op.introduction, grant.member, context)
  if (stranger) return stranger
  if (context.view.reading.isUsable(device, grant)) return 'links a device that is there already'
  if (deviceTaken(device, grant.member, context.history, context.past, context.view)) return 'links a device that was removed'
  if (op.rootProof && !context.verify(domains.rootProof, context.mesh, fromHex(device), op.rootProof, grant.member)) return 'the root key did not sign the device'
  const consent = concat(fromHex(grant.member), fromHex(entry.device))
  return context.verify(domains.linkConsent, context.mesh, consent, op.consent, device) ? undefined : 'the device did not consent'
}

function removeRefusal(op: OpOf<'remove'>, grant: Grant, { history, past, view }: Context): Refusal | undefined {
  if (!granters.has(grant.role)) return 'its role removes nobody'
  if (op.member === grant.member) return 'removes itself'
  const takesAny = [...history.grants.values()].some((other) => past.has(other.at) && other.member === op.member && view.reading.stands(other.at) && outranks(grant, other, history))
  return takesAny ? undefined : 'removes nobody it outranks'
}

/** Whether a removal under `grant` takes `other`: a lower role, or the same role granted through it (rule T4). */
export function outranks(grant: Grant, other: Grant, history: History): boolean {
  if (rank(grant.role) !== rank(other.role)) return rank(grant.role) > rank(other.role)
  for (let up = other.parent; up !== undefined; up = history.grants.get(up)?.parent) if (up === grant.at) return true
  return false
}

function removeDeviceRefusal(entry: MemberEntry, op: OpOf<'removeDevice'>, grant: Grant, { mesh, history, past, view, verify }: Context): Refusal | undefined {
  if (ownerOf(op.device, history, past) !== grant.member) return 'removes a device of another member'
  if (op.rootProof) return verify(domains.rootRemoval, mesh, fromHex(op.device), op.rootProof, grant.member) ? undefined : 'the root key did not sign'
  return view.reading.isAbove(entry.device, op.device, grant.member, past) ? undefined : 'removes a device it did not link'
}

function closeRefusal(op: OpOf<'close'>, grant: Grant, { history, past }: Context): Refusal | undefined {
  const opened = history.at(op.opened)
  if (opened === undefined || !past.has(opened) || history.entries[opened]?.op.type !== 'invite' || !history.valid[opened]) return 'closes no invite in its past'
  const inviter = history.grants.get(history.grantUsed(opened) as number) as Grant
  return grant.at === inviter.at || outranks(grant, inviter, history) ? undefined : 'closes an invite it did not open'
}

function rotateRefusal(entry: MemberEntry, op: OpOf<'rotate'>, grant: Grant, { view }: Context): Refusal | undefined {
  if (!writers.has(grant.role)) return 'its role starts no epoch'
  if (!view.hasSealingKey(entry.device, op.sealer)) return 'seals with a key it did not certify'
  const listed = op.recipients.map(({ device }) => device)
  const admitted = view.readerDevices()
  const exactly = listed.length === admitted.length && listed.every((device, i) => device === admitted[i])
  return exactly ? undefined : 'lists other devices than those admitted'
}

function shareRefusal(entry: MemberEntry, op: OpOf<'share'>, grant: Grant, { history, past, view }: Context): Refusal | undefined {
  if (!writers.has(grant.role)) return 'its role shares no keys'
  if (!view.hasSealingKey(entry.device, op.sealer)) return 'seals with a key it did not certify'
  const epoch = history.at(op.epoch)
  if (epoch === undefined || !past.has(epoch) || history.entries[epoch]?.op.type !== 'rotate' || !history.valid[epoch]) return 'names no epoch in its past'
  const admitted = new Set(view.readerDevices())
  return op.recipients.every(({ device }) => admitted.has(device)) ? undefined : 'shares with a device that is not admitted'
}

function strangerRefusal(introduction: Introduction, member: MemberId, context: Context): Refusal | undefined {
  if (!checkIntroduction(introduction, context.verify)) return 'its sealing key is not certified'
  const owner = ownerOf(introduction.device, context.history, context.past)
  return owner === undefined || owner === member ? undefined : 'introduces a device of another member'
}

/** A device belongs to one member: where two introduced it without knowing of each other, to that of the lower id. */
export function ownerOf(device: DeviceId, history: History, past: BitSet): MemberId | undefined {
  let first: MemberEntry | undefined
  let owner: MemberId | undefined
  for (const { at } of history.introductions.get(device) ?? []) {
    const entry = history.entries[at] as MemberEntry
    if (!past.has(at) || (first && first.id <= entry.id)) continue
    first = entry
    owner = entry.op.type === 'found' || entry.op.type === 'admit' ? entry.op.member : history.memberOf(at)
  }
  return owner
}

function deviceTaken(device: DeviceId, member: MemberId, history: History, past: BitSet, view: View): boolean {
  return (history.deviceRemovals.get(device) ?? []).some((at) => past.has(at) && view.reading.stands(at) && history.memberOf(at) === member)
}

function introduced(introduction: Introduction, { verify }: Context): boolean {
  return checkIntroduction(introduction, verify)
}

function checkIntroduction(introduction: Introduction, verify: Verify): boolean {
  return verify(domains.sealingKey, noMesh, fromHex(introduction.sealingKey), introduction.sealingProof, introduction.device)
}

