import * as z from 'zod'
import { defineOp } from '../define.ts'
import { good, strong, warn } from '../show.ts'

/** Says that somebody is who they were invited as. */
export const memberConfirm = defineOp({
  name: 'member.confirm',
  doc: 'Tell the whole mesh that somebody who came by a link is the person who was meant, once you made sure (`atoll verify` shows a number to compare). For whoever invited them, admins and owners.',
  permission: 'member.confirm',
  positional: ['name'],
  input: z.strictObject({
    name: z.string().min(1).max(4096).describe('The member’s name or id'),
    withdraw: z.boolean().default(false).describe('Take your word back'),
  }),
  output: z.object({ member: z.string(), name: z.string(), before: z.boolean().describe('Whether they were confirmed before'), confirmed: z.boolean() }),
  needs: ['members'],
  errors: ['member_unknown', 'member_ambiguous'],
  cli: { command: 'member confirm' },
  example: 'atoll member confirm bob',
  handler: ({ members }, { name, withdraw }) => members.confirm(name, withdraw),
  show: ({ name, confirmed }, { withdraw }) => {
    if (confirmed) return [{ line: [strong(name), good('is confirmed'), withdraw ? 'still: somebody else vouches for them.' : null] }]
    return [{ line: [strong(name), warn('is unconfirmed'), withdraw ? '.' : 'still, because you are: whoever invited you, an admin or an owner confirms you first.'] }]
  },
})
