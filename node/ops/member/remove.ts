import * as z from 'zod'
import { defineOp } from '../define.ts'
import { role } from '../mesh/shapes.ts'
import { strong } from '../show.ts'

/** Removes a member. */
export const memberRemove = defineOp({
  name: 'member.remove',
  doc: 'Remove a member with all devices. Keys are changed at once, so nothing written from now on is readable to them; what they already hold they keep.',
  permission: 'member.remove',
  positional: ['name'],
  input: z.strictObject({
    name: z.string().min(1).max(4096).describe('The member’s name or id'),
    preview: z.boolean().default(false).describe('Only say what it would do'),
  }),
  output: z.object({
    member: z.string(),
    name: z.string(),
    devices: z.number().describe('Devices that were removed'),
    rotated: z.boolean().describe('Whether the keys were changed'),
    done: z.boolean().describe('False for a preview'),
    admitted: z.array(z.object({ name: z.string(), role })).describe('Who came in through them, and stays'),
    invites: z.number().describe('Their open invites, which nobody can join by any more'),
  }),
  needs: ['members'],
  errors: ['member_unknown', 'member_ambiguous', 'not_removable'],
  cli: { command: 'member remove', confirm: ({ name }) => `${String(name)} will be removed from the mesh; only a new invite brings them back.`, preview: { preview: true } },
  example: 'atoll member remove eve --yes',
  handler: ({ members }, { name, preview }) => members.remove(name, preview),
  show: ({ name, devices, done, rotated, admitted, invites }) => [
    { line: [strong(name), `${done ? 'is' : 'would be'} removed (${devices} ${devices === 1 ? 'device' : 'devices'}).`, done ? (rotated ? 'The keys are changed.' : 'The keys are not changed yet: that happens with the next write.') : null] },
    'What of theirs has reached this node stands. What has not, and nobody built on, will not count: `atoll audit void` lists it.',
    ...(admitted.length > 0 ? [{ line: ['Who came in through them stays:', admitted.map((one) => `${one.name} (${one.role})`).join(', ')] }] : []),
    ...(invites > 0 ? [`${invites === 1 ? 'One invite of theirs is' : `${invites} invites of theirs are`} good for nothing then.`] : []),
  ],
})
