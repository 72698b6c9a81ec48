import * as z from 'zod'
import { defineOp } from '../define.ts'
import { strong } from '../show.ts'

/** Removes a member. */
export const memberRemove = defineOp({
  name: 'member.remove',
  doc: 'Remove a member with all devices. Keys are changed at once, so nothing written from now on is readable to them; what they already hold they keep.',
  permission: 'member.remove',
  positional: ['name'],
  input: z.strictObject({ name: z.string().min(1).max(4096).describe('The member’s name or id') }),
  output: z.object({
    member: z.string(),
    name: z.string(),
    devices: z.number().describe('Devices that were removed'),
    rotated: z.boolean().describe('Whether the keys were changed'),
    voided: z.number().describe('Their changes that no longer count'),
  }),
  needs: ['members'],
  errors: ['member_unknown', 'member_ambiguous', 'not_removable'],
  cli: { command: 'member remove', confirm: ({ name }) => `${String(name)} will be removed from the mesh; only a new invite brings them back.` },
  example: 'atoll member remove eve --yes',
  handler: ({ members }, { name }) => members.remove(name),
  show: ({ name, devices, rotated, voided }) => [
    { line: [strong(name), `is removed (${devices} ${devices === 1 ? 'device' : 'devices'}).`, rotated ? 'The keys are changed.' : 'The keys are not changed yet: that happens with the next write.', voided > 0 ? `${voided} of their changes no longer count.` : null] },
  ],
})
