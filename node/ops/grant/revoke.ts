import * as z from 'zod'
import { defineOp } from '../define.ts'
import { grantLine, showGrants, toWhom, whatToGrant } from './shapes.ts'

/** Lets a member, or everyone, do something with the caller's member no more. */
export const grantRevoke = defineOp({
  name: 'grant.revoke',
  doc: 'Take from a member, or from everyone whom you name no other way, what they may do with you. What they write to you meanwhile is kept and not shown.',
  permission: 'grant.write',
  positional: ['what', 'name'],
  input: z.strictObject({ what: whatToGrant, name: toWhom }),
  output: grantLine,
  needs: ['grants'],
  errors: ['member_unknown', 'member_ambiguous', 'grants_full'],
  cli: { command: 'revoke' },
  example: 'atoll revoke machine everyone',
  handler: ({ grants }, { what, name }) => grants.set(what, name, false),
  show: (line) => [showGrants([line])],
})
