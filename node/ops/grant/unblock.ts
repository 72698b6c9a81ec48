import * as z from 'zod'
import { defineOp } from '../define.ts'
import { strong } from '../show.ts'
import { grantLine } from './shapes.ts'

/** Takes a block back. */
export const grantUnblock = defineOp({
  name: 'grant.unblock',
  doc: 'Take a block back. To them you have come online again: what they wrote to you meanwhile is shown now, and they learn that it reached you.',
  permission: 'grant.write',
  positional: ['name'],
  input: z.strictObject({ name: z.string().min(1).max(4096).describe('The member’s name or id') }),
  output: grantLine,
  needs: ['grants'],
  errors: ['member_unknown', 'member_ambiguous'],
  cli: { command: 'unblock' },
  example: 'atoll unblock mallory',
  handler: ({ grants }, { name }) => grants.block(name, false),
  show: ({ name }) => [{ line: [strong(name), 'is not blocked.'] }],
})
