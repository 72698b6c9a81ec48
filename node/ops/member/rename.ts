import * as z from 'zod'
import { defineOp } from '../define.ts'
import { nameText } from '../name-text.ts'
import { strong } from '../show.ts'

/** Gives a member another name. */
export const memberRename = defineOp({
  name: 'member.rename',
  doc: 'Give a member another name: yourself, or, as an owner or admin, anybody.',
  permission: 'member.rename',
  positional: ['name', 'to'],
  input: z.strictObject({ name: z.string().min(1).max(4096).describe('The member’s name or id as of now'), to: nameText().describe('The new name') }),
  output: z.object({ member: z.string(), before: z.string(), name: z.string() }),
  needs: ['members'],
  errors: ['member_unknown', 'member_ambiguous', 'name_invalid'],
  cli: { command: 'member rename' },
  example: 'atoll member rename bob bobby',
  handler: ({ members }, { name, to }) => members.rename(name, to),
  show: ({ before, name }) => [{ line: [before, 'is called', strong(name), 'now.'] }],
})
