import * as z from 'zod'
import { defineOp } from '../define.ts'
import { profile, showProfile } from './shapes.ts'

/** Shows what a member says of itself. */
export const profileShow = defineOp({
  name: 'profile.show',
  doc: 'Show a profile: name, title, bio, avatar and capabilities, and which of them you may edit.',
  permission: 'mesh.read',
  positional: ['name'],
  input: z.strictObject({ name: z.string().min(1).max(4096).optional().describe('A member’s name or id; left out: yours') }),
  output: profile,
  needs: ['profiles'],
  errors: ['member_unknown', 'member_ambiguous'],
  cli: { command: 'profile' },
  example: 'atoll profile bob',
  handler: ({ profiles }, { name }) => profiles.show(name),
  show: showProfile,
})
