import * as z from 'zod'
import { defineOp } from '../define.ts'
import { grantLine, showGrants, toWhom } from './shapes.ts'

/** Takes back all that was decided about somebody. */
export const grantReset = defineOp({
  name: 'grant.reset',
  doc: 'Take back all that you decided about a member, a block too, or about everyone: what holds without it holds again.',
  permission: 'grant.write',
  positional: ['name'],
  input: z.strictObject({ name: toWhom }),
  output: grantLine,
  needs: ['grants'],
  errors: ['member_unknown', 'member_ambiguous'],
  cli: { command: 'grants reset' },
  example: 'atoll grants reset bob',
  handler: ({ grants }, { name }) => grants.reset(name),
  show: (line) => [showGrants([line])],
})
