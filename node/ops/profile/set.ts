import * as z from 'zod'
import { limits } from '../../../crdt/wire/limits.ts'
import { defineOp } from '../define.ts'
import { profile, profileField, showProfile } from './shapes.ts'

const longest = Math.max(limits.bioBytes, limits.capabilitiesPerMember * (limits.capabilityBytes + 1))

/** Sets a field of a profile. */
export const profileSet = defineOp({
  name: 'profile.set',
  doc: 'Set a field of your profile, or, as an owner or admin, of anybody’s. An empty value clears it. The mesh may have left a field to owners and admins: `atoll profile policy`.',
  permission: 'profile.write',
  positional: ['field', 'value'],
  input: z.strictObject({
    field: profileField.describe('Which'),
    value: z.string().max(2 * longest).describe('What it shall say; capabilities are separated by commas, an avatar is an emoji or a few letters'),
    member: z.string().min(1).max(4096).optional().describe('Whose, by name or id; left out: yours'),
  }),
  output: profile,
  needs: ['profiles'],
  errors: ['member_unknown', 'member_ambiguous', 'name_invalid'],
  cli: { command: 'profile set', placeholders: { member: 'NAME' }, rest: true },
  example: 'atoll profile set title Keeper of the reef',
  handler: ({ profiles }, { field, value, member }) => profiles.set({ field, value, name: member }),
  show: showProfile,
})
