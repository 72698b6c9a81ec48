/**
 * What the payload of a policy operation says. One operation carries one policy; the numbers are for good. A payload
 * that this version does not understand is kept, stands like any other operation, and means nothing (rule C5).
 */
import { decode, encode, names, struct, variant, type Decoded, type TypeOf } from '../wire/codec.ts'
import { memberId, type MemberId } from '../wire/ids.ts'

/** Permissions about content, which a member may be allowed or denied beside its role. */
export const contentPermissions = { 'state.write': 1, 'memory.write': 2, 'document.write': 3, 'file.write': 4, 'message.send': 5 } as const
export type ContentPermission = keyof typeof contentPermissions

/** Fields of a profile. */
export const profileFields = { name: 1, title: 2, bio: 3, avatar: 4, capabilities: 5 } as const
export type ProfileField = keyof typeof profileFields

const policy = variant({
  /** Lets one member do what its role does not, or takes from it what its role does; `default` ends that. */
  except: [1, struct({ member: memberId, permission: names(contentPermissions), choice: names({ default: 0, allow: 1, deny: 2 }) })],
  /** Who edits a field of everybody's profile: the member itself and stewards, or stewards alone. */
  profile: [2, struct({ field: names(profileFields), by: names({ self: 0, stewards: 1 }) })],
})
export type Policy = TypeOf<typeof policy>
export type Choice = Extract<Policy, { type: 'except' }>['choice']

export const encodePolicy = (said: Policy): Uint8Array => encode(policy, said)
export const decodePolicy = (payload: Uint8Array): Decoded<Policy> => decode(policy, payload)

export const exceptionKey = (member: MemberId, permission: ContentPermission): string => `except|${member}|${permission}`
export const profileKey = (field: ProfileField): string => `profile|${field}`

/** What a policy is about: a later one with the same key replaces it. */
export function policyKey(said: Policy): string {
  return said.type === 'except' ? exceptionKey(said.member, said.permission) : profileKey(said.field)
}

/** Of concurrent policies with one key the strictest is in force. */
export function strictness(said: Policy): number {
  if (said.type === 'except') return { allow: 0, default: 1, deny: 2 }[said.choice]
  return said.by === 'stewards' ? 1 : 0
}
