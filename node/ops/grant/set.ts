import * as z from 'zod'
import { defineOp } from '../define.ts'
import { grantLine, showGrants, toWhom, whatToGrant } from './shapes.ts'

/** Lets a member, or everyone, do something with the caller's member. */
export const grantSet = defineOp({
  name: 'grant.set',
  doc: 'Let a member, or everyone whom you name no other way, do something with you: message, broadcast, tools, files, machine or directory. It holds on all your devices, and only they know of it.',
  permission: 'grant.write',
  positional: ['what', 'name'],
  input: z.strictObject({ what: whatToGrant, name: toWhom }),
  output: grantLine,
  needs: ['grants'],
  errors: ['member_unknown', 'member_ambiguous', 'grants_full'],
  cli: { command: 'grant' },
  example: 'atoll grant directory bob',
  handler: ({ grants }, { what, name }) => grants.set(what, name, true),
  show: (line) => [showGrants([line])],
})
