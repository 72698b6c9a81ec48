/**
 * Whether a membership entry is allowed at the frontier it names. Decided from its past alone, so every peer
 * decides alike and for good; whether it still stands in the light of what is concurrent is the reading's matter.
 */
import type { Verify } from '../crypto/sign.ts'
import { noMesh } from '../crypto/sign.ts'
import { concat } from '../crypto/hash.ts'
import { fromHex, type DeviceId, type MemberId, type MeshId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { domains } from '../wire/protocols.ts'
import { outranks, ranksAtLeast, signedByRoot, type Grant, type History, type MemberEntry, type Positions } from './history.ts'
import type { Introduction, MemberOp, OpOf } from './ops.ts'
import { decodePolicy } from './policy.ts'
import { introductionBytes, inviteProofBytes, rootLinkBytes, rootRemovalBytes } from './proofs.ts'
import { granters, rank, readers, stewards, writers } from './roles.ts'
import type { View } from './view.ts'

export { outranks }

/** Why a membership entry has no effect, in words for the audit. */
export type Refusal = string

interface Context {
  readonly mesh: MeshId
  readonly history: History
  readonly past: Positions
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
  if (op.type === 'link' && signedByRoot(entry)) return linkRefusal(entry, op, grant, context)
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
    case 'reseal': return op.introduction.device === entry.device && isCertified(op.introduction, grant.member, context.verify) ? undefined : 'certifies another device'
    case 'policy': return policyRefusal(op, grant, context)
    case 'horizon': return stewards.has(grant.role) ? undefined : 'its role sets no horizon'
    case 'leave': return undefined
  }
}

function foundRefusal(entry: MemberEntry, op: OpOf<'found'>, { mesh, verify }: Context): Refusal | undefined {
  if (entry.id !== mesh) return 'founds another mesh'
  if (op.introduction.device !== entry.device) return 'introduces another device'
  if (!isCertified(op.introduction, op.member, verify)) return 'its sealing key is not certified'
  return verify(domains.rootProof, noMesh, fromHex(entry.device), op.rootProof, op.member) ? undefined : 'its root key did not sign'
}

function admitRefusal(entry: MemberEntry, op: OpOf<'admit'>, grant: Grant, context: Context): Refusal | undefined {
  if (!granters.has(grant.role) || rank(op.role) > rank(grant.role)) return 'admits beyond its role'
  if (op.member === grant.member) return 'admits itself'
  // The device says that it joins as this member: a root key alone could claim anybody's device.
  if (!isCertified(op.introduction, op.member, context.verify)) return 'the device did not join as that member'
  const stranger = strangerRefusal(op.introduction.device, op.member, context)
  if (stranger) return stranger
  if (context.view.isRemoved(op.introduction.device, op.member)) return 'introduces a device that its member removed'
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
  const admissions = history.admissions.get(opened) ?? []
  if (admissions.length >= invite.uses && admissions.filter(stands).length >= invite.uses) return 'its invite was used up'
  if (invite.approval === 'steward' && !stewards.has(grant.role)) return 'its invite asks for a steward'
  const proof = inviteProofBytes(op.member, op.introduction.device, entry.device, used.opened, used.transcript)
  return verify(domains.inviteProof, mesh, proof, used.proof, invite.invite) ? undefined : 'the invite key did not sign'
}

function promoteRefusal(op: OpOf<'promote'>, grant: Grant, { view }: Context): Refusal | undefined {
  if (!granters.has(grant.role) || rank(op.role) > rank(grant.role)) return 'promotes beyond its role'
  if (op.member === grant.member) return 'promotes itself'
  if (!view.member(op.member)) return 'promotes a stranger'
  if (op.devices.length === 0) return 'names no device'
  const own = op.devices.every((device) => view.distance(device, op.member) < Infinity && !view.isRemoved(device, op.member))
  return own ? undefined : 'names a device that is not the member\'s'
}

function linkRefusal(entry: MemberEntry, op: OpOf<'link'>, grant: Grant, context: Context): Refusal | undefined {
  const { mesh, view, verify } = context
  const { device } = op.introduction
  if (!isCertified(op.introduction, grant.member, verify)) return 'its sealing key is not certified'
  const stranger = strangerRefusal(device, grant.member, context)
  if (stranger) return stranger
  if (view.reading.isUsable(device, grant)) return 'links a device that is there already'
  if (view.reading.deviceTakers(device, grant).length > 0 || view.isRemoved(device, grant.member)) return 'links a device that was removed'
  if (view.devicesOf(grant).length >= limits.devicesPerGrant) return 'links more devices than a grant may have'
  if (op.rootProof && !verify(domains.rootProof, mesh, rootLinkBytes(device, op.grant), op.rootProof, grant.member)) return 'the root key did not sign the device'
  const consent = concat(fromHex(grant.member), fromHex(entry.device))
  return verify(domains.linkConsent, mesh, consent, op.consent, device) ? undefined : 'the device did not consent'
}

function removeRefusal(op: OpOf<'remove'>, grant: Grant, { history, past, view }: Context): Refusal | undefined {
  if (!granters.has(grant.role)) return 'its role removes nobody'
  if (op.member === grant.member) return 'removes itself'
  const takesAny = history.grantsOf.get(op.member)?.some((at) => past.has(at) && outranks(grant, history.grants.get(at) as Grant, history) && view.reading.stands(at))
  return takesAny ? undefined : 'removes nobody it outranks'
}

function removeDeviceRefusal(entry: MemberEntry, op: OpOf<'removeDevice'>, grant: Grant, { mesh, history, past, view, verify }: Context): Refusal | undefined {
  const { reading } = view
  if (op.rootProof) {
    if (!verify(domains.rootRemoval, mesh, rootRemovalBytes(entry, op), op.rootProof, grant.member)) return 'the root key did not sign'
  } else if (!reading.leads(entry.device, op.device, grant.member)) return 'removes a device it did not link'
  const reach = op.rootProof ? -1 : reading.distance(entry.device, grant.at)
  const takesAny = history.seats.get(op.device)?.some((seat) => {
    const other = history.grants.get(seat.grant) as Grant
    if (!past.has(seat.at) || other.member !== grant.member || !ranksAtLeast(grant, other)) return false
    const distance = reading.distance(op.device, other.at)
    return distance < Infinity && reach < distance
  })
  return takesAny ? undefined : 'removes no device below its own'
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
  const admitted = op.recipients.every(({ device }) => readers.has(view.device(device)?.role ?? 'mirror'))
  return admitted ? undefined : 'shares with a device that is not admitted'
}

/** Exceptions are made for whom the same grant could remove: nobody frees themselves, and equals do not silence each other. */
function policyRefusal(op: OpOf<'policy'>, grant: Grant, { history, view }: Context): Refusal | undefined {
  if (!stewards.has(grant.role)) return 'its role sets no policy'
  const said = decodePolicy(op.payload)
  if (!said.ok || said.value.type !== 'except') return undefined
  const live = (history.grantsOf.get(said.value.member) ?? []).filter((at) => view.reading.isLive(at))
  if (live.length === 0) return 'makes an exception for nobody who is there'
  return live.every((at) => outranks(grant, history.grants.get(at) as Grant, history)) ? undefined : 'makes an exception for somebody it does not outrank'
}

function strangerRefusal(device: DeviceId, member: MemberId, { history, past }: Context): Refusal | undefined {
  const owner = ownerOf(device, history, past)
  return owner === undefined || owner === member ? undefined : 'introduces a device of another member'
}

/** A device belongs to one member: where two introduced it without knowing of each other, to that of the lower id. */
export function ownerOf(device: DeviceId, history: History, past: Positions): MemberId | undefined {
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

/** @param member whose device it says it is */
function isCertified({ device, sealingKey, sealingProof }: Introduction, member: MemberId, verify: Verify): boolean {
  return verify(domains.sealingKey, noMesh, introductionBytes(sealingKey, member), sealingProof, device)
}
