import * as z from 'zod'
import { defineOp } from '../define.ts'
import { strong } from '../show.ts'
import { grantLine } from './shapes.ts'

/** Blocks a member. */
export const grantBlock = defineOp({
  name: 'grant.block',
  doc: 'Block a member: to them you look offline on all your devices, and what they write to you is not shown. They stay in the mesh and see what you share with all of it.',
  permission: 'grant.write',
  positional: ['name'],
  input: z.strictObject({ name: z.string().min(1).max(4096).describe('The member’s name or id') }),
  output: grantLine,
  needs: ['grants'],
  errors: ['member_unknown', 'member_ambiguous', 'grants_full'],
  cli: { command: 'block' },
  example: 'atoll block mallory',
  handler: ({ grants }, { name }) => grants.block(name, true),
  show: ({ name }) => [{ line: [strong(name), 'is blocked, and not told. Your other devices block them as soon as they hear of it.'] }, 'What you write to the whole mesh they still see. `atoll member remove` throws them out of it.'],
})
