/** What each kind of change asks of its author: from here the fold, early refusals and the audit know which row of the table counts. */
import type { Need } from '../members/permissions.ts'
import { profileFields, type ProfileField } from '../members/policy.ts'
import type { DeviceId, MemberId } from '../wire/ids.ts'
import { kinds } from './change.ts'
import { grantsDoc } from './grants.ts'

const ofKind: ReadonlyMap<number, Need> = new Map<number, Need>([
  [kinds.message, { type: 'permission', permission: 'message.send' }],
  [kinds.receipt, { type: 'reader' }],
  [kinds.wrongKey, { type: 'reader' }],
  // Its fold asks for a writer's role beside.
  [kinds.checkpoint, { type: 'reader' }],
  [kinds.yjsUpdate, { type: 'permission', permission: 'document.write' }],
  [kinds.blobTree, { type: 'permission', permission: 'file.write' }],
  [kinds.fileDelete, { type: 'permission', permission: 'file.write' }],
])

const ofDoc: ReadonlyMap<string, Need> = new Map<string, Need>([
  ['state', { type: 'permission', permission: 'state.write' }],
  ['memory', { type: 'permission', permission: 'memory.write' }],
  ['documents', { type: 'permission', permission: 'document.write' }],
  ['mesh', { type: 'steward' }],
])

/** What a member says of its devices, each under the device's id, and of the tokens it made. */
const ownRegister = /^([0-9a-f]{64})\/(?:token\/)?[0-9a-f]{64}$/

/** The register that names a device, beside its member's profile. */
export const deviceNameKey = (member: MemberId, device: DeviceId): string => `${member}/${device}`

/** The register in which a member writes down a token that it made. */
export const tokenKey = (by: MemberId, token: MemberId): string => `${by}/token/${token}`

/** What a change of a kind that is no register asks for; undefined where this version folds none such. */
export const needOf = (kind: number): Need | undefined => ofKind.get(kind)

/** What a change of a register asks for; undefined where this version knows no such document. */
export function needOfRegister(doc: string, key: string): Need | undefined {
  if (doc === 'confirmations' || doc === 'invites') return /^[0-9a-f]{64}\/[0-9a-f]{64}$/.test(key) ? { type: 'word', of: key.slice(65) as MemberId } : undefined
  if (doc === grantsDoc) return { type: 'own', of: key.slice(0, 64) as MemberId }
  if (doc !== 'members') return ofDoc.get(doc)
  const own = ownRegister.exec(key)
  if (own) return { type: 'about', of: own[1] as MemberId }
  const place = placeOf(key)
  return place ? { type: 'profile', ...place } : { type: 'steward' }
}

/**
 * The key of a field of a member's profile in the document `members`. The name stands under the member's id alone;
 * each other field has a register of its own, so that the policy is judged field by field.
 */
export const profileRegister = (member: MemberId, field: ProfileField): string => (field === 'name' ? member : `${member}/${field}`)

function placeOf(key: string): { readonly of: MemberId; readonly field: ProfileField } | undefined {
  if (/^[0-9a-f]{64}$/.test(key)) return { of: key as MemberId, field: 'name' }
  const field = key.slice(65)
  return /^[0-9a-f]{64}\/./.test(key) && field !== 'name' && field in profileFields ? { of: key.slice(0, 64) as MemberId, field: field as ProfileField } : undefined
}
