import * as z from 'zod'
import { defineOp } from '../define.ts'
import { role } from '../mesh/shapes.ts'
import { bad, good, time } from '../show.ts'

/** Lists the tokens of a mesh. */
export const tokenList = defineOp({
  name: 'token.list',
  doc: 'List the tokens of a mesh: role, scopes, expiry, who made them, when a run last came in, and how many devices run by each. The tokens themselves are kept nowhere.',
  permission: 'token.read',
  positional: [],
  input: z.strictObject({}),
  output: z.object({
    tokens: z.array(z.object({
      member: z.string(),
      name: z.string(),
      role,
      scopes: z.array(z.string()),
      by: z.string(),
      expires_at: z.number(),
      status: z.enum(['open', 'expired', 'revoked']),
      last_used: z.number().nullable(),
      devices: z.number().describe('Devices that run by it and have not left'),
    })),
  }),
  needs: ['tokens'],
  errors: [],
  cli: { command: 'token list' },
  example: 'atoll token list',
  handler: async ({ tokens }) => ({ tokens: await tokens.list() }),
  show: ({ tokens }) => [
    {
      columns: ['NAME', 'ROLE', 'SCOPES', 'BY', 'EXPIRES', 'LAST USED', 'DEVICES', ''],
      rows: tokens.map((one) => [one.name, one.role, one.scopes, one.by, time(one.expires_at), time(one.last_used), one.devices, one.status === 'open' ? good('open') : bad(one.status)]),
      empty: 'No token was made: `atoll token create NAME` makes one.',
    },
  ],
})
