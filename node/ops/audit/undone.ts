import * as z from 'zod'
import { defineOp } from '../define.ts'
import { dim, good, strong, time } from '../show.ts'

/** Lists what removals undid. */
export const auditUndone = defineOp({
  name: 'audit.undone',
  doc: 'List who was let in, given a role, invited and so on by somebody who did not know of a removal that undid it, and the command that does each again. Owners and admins see all, others what they made and what their removals undid.',
  permission: 'audit.read',
  positional: [],
  input: z.strictObject({}),
  output: z.object({
    undone: z.array(z.object({
      entry: z.string(),
      by: z.string(),
      at: z.number(),
      did: z.string().describe('What they did, in words'),
      undone_by: z.array(z.object({ entry: z.string(), by: z.string(), did: z.string() })),
      repeat: z.string().nullable().describe('The command that does it again'),
      repeated: z.boolean().describe('Whether it is so by now'),
    })),
  }),
  needs: ['audit'],
  errors: [],
  cli: { command: 'audit undone' },
  example: 'atoll audit undone',
  handler: async ({ audit }) => ({ undone: await audit.undone() }),
  show: ({ undone }) => [
    {
      columns: ['BY', 'AT', 'DID', 'UNDONE BY', 'REPEAT'],
      rows: undone.map((one) => [strong(one.by), time(one.at), one.did, one.undone_by.map(({ by, did }) => `${by} ${did}`).join('; '), one.repeated ? good('done') : one.repeat]),
      empty: 'No removal undid anything.',
    },
    ...(undone.some(({ repeat, repeated }) => repeat === 'atoll device link' && !repeated) ? [dim('A device is linked by its own person.')] : []),
  ],
})
