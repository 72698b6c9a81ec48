import * as z from 'zod'
import { defineOp } from '../define.ts'
import { role } from '../mesh/shapes.ts'
import { strong } from '../show.ts'

/** Gives a member another role. */
export const memberRole = defineOp({
  name: 'member.role',
  doc: 'Give a member another role. Nobody gives more than they have; a lower role is given by those who could also remove the member, and keys are changed with it.',
  permission: 'member.role',
  positional: ['name', 'role'],
  input: z.strictObject({ name: z.string().min(1).max(4096).describe('The member’s name or id'), role: role.describe('What the member may do from now on') }),
  output: z.object({ member: z.string(), name: z.string(), before: role, role, rotated: z.boolean().describe('Whether the keys were changed') }),
  needs: ['members'],
  errors: ['member_unknown', 'member_ambiguous', 'not_removable', 'role_refused'],
  cli: { command: 'member role' },
  example: 'atoll member role bob admin',
  handler: ({ members }, { name, role: wanted }) => members.setRole(name, wanted),
  show: ({ name, before, role: now, rotated }) => [
    { line: [strong(name), before === now ? `was ${now} already.` : `is ${now} now; it was ${before} before.`, rotated ? 'The keys are changed.' : null] },
  ],
})
