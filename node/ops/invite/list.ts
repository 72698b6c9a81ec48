import * as z from 'zod'
import { defineOp } from '../define.ts'
import { role } from '../mesh/shapes.ts'
import { messageMode } from '../session/defaults.ts'
import { bad, dim, good, shortId, time } from '../show.ts'

/** Lists the invites of a mesh. */
export const inviteList = defineOp({
  name: 'invite.list',
  doc: 'List the invites of a mesh: role, uses, expiry, who made them, and whether they are still open. Links are not shown again.',
  permission: 'invite.read',
  positional: [],
  input: z.strictObject({}),
  output: z.object({
    invites: z.array(z.object({ id: z.string(), role, uses: z.number(), used: z.number(), approve: z.boolean().describe('Whether an admin has to let in whoever comes by it'), groups: z.array(z.string()), messages: messageMode.nullable(), expires_at: z.number(), closed: z.string().nullable().describe('Why it is closed; null while open'), by: z.string() })),
  }),
  needs: ['mesh'],
  errors: [],
  cli: { command: 'invite list' },
  example: 'atoll invite list',
  handler: async ({ mesh }) => ({ invites: await mesh.listInvites() }),
  show: ({ invites }) => [
    {
      columns: ['ID', 'ROLE', 'USED', 'EXPIRES', 'BY', 'GROUPS', '', ''],
      rows: invites.map((one) => [shortId(one.id), one.role, `${one.used} of ${one.uses}`, time(one.expires_at), one.by, one.groups.length === 0 ? null : one.groups, one.approve ? dim('asks an admin') : null, one.closed === null ? good('open') : bad(one.closed)]),
      empty: 'No invite was made yet: `atoll invite` makes one.',
    },
  ],
})
