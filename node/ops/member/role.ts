import * as z from 'zod'
import { defineOp } from '../define.ts'
import { memberException, shownExceptions } from './except.ts'
import { role } from '../mesh/shapes.ts'
import { strong } from '../show.ts'

/** Gives a member another role. */
export const memberRole = defineOp({
  name: 'member.role',
  doc: 'Give a member another role. Nobody gives more than they have; a lower role is given by those who could also remove the member, and keys are changed with it.',
  permission: 'member.role',
  positional: ['name', 'role'],
  input: z.strictObject({ name: z.string().min(1).max(4096).describe('The member’s name or id'), role: role.describe('What the member may do from now on') }),
  output: z.object({ member: z.string(), name: z.string(), before: role, role, rotated: z.boolean().describe('Whether the keys were changed'), exceptions: z.array(memberException).describe('What policies allow or deny them beside the new role, too') }),
  needs: ['members'],
  errors: ['member_unknown', 'member_ambiguous', 'not_removable', 'role_refused'],
  cli: { command: 'member role' },
  example: 'atoll member role bob admin',
  handler: ({ members }, { name, role: wanted }) => members.setRole(name, wanted),
  show: ({ name, before, role: now, rotated, exceptions }) => [
    { line: [strong(name), before === now ? `was ${now} already.` : `is ${now} now; it was ${before} before.`, rotated ? 'The keys are changed.' : null] },
    ...(exceptions.length > 0 ? [{ line: ['Exceptions made for them stay:', shownExceptions(exceptions)] }] : []),
  ],
})
