import * as z from 'zod'
import { defineOp } from '../define.ts'
import { strong } from '../show.ts'
import { profileField } from './shapes.ts'

const editors = z.enum(['self', 'stewards'])

/** Says who edits a field of everybody's profile. */
export const profilePolicy = defineOp({
  name: 'profile.policy',
  doc: 'Say who edits a field of everybody’s profile: each member its own (self), or owners and admins alone (stewards). What was written before stays. `atoll member permissions` shows how it is.',
  permission: 'policy.write',
  positional: ['field', 'editors'],
  input: z.strictObject({ field: profileField.describe('Which'), editors: editors.describe('Who edits it') }),
  output: z.object({ field: profileField, before: editors, editors }),
  needs: ['profiles'],
  errors: [],
  cli: { command: 'profile policy' },
  example: 'atoll profile policy title stewards',
  handler: ({ profiles }, { field, editors: to }) => profiles.setPolicy(field, to),
  show: ({ field, before, editors: now }) => [{ line: ['Everybody’s', strong(field), `is edited by ${now === 'self' ? 'its member, owners and admins' : 'owners and admins alone'}${before === now ? ', as before.' : ' from now on.'}`] }],
})
