import * as z from 'zod'
import { defineOp } from '../define.ts'
import { strong } from '../show.ts'

/** Ends a token. */
export const tokenRevoke = defineOp({
  name: 'token.revoke',
  doc: 'End a token: its member is removed with all devices, and the keys are changed at once.',
  permission: 'token.write',
  positional: ['name'],
  input: z.strictObject({ name: z.string().min(1).max(512).describe('Its name, or the beginning of its member’s id; `atoll token list` shows them') }),
  output: z.object({ member: z.string(), name: z.string(), devices: z.number(), rotated: z.boolean() }),
  needs: ['tokens'],
  errors: ['token_unknown', 'not_removable', 'member_unknown', 'member_ambiguous'],
  cli: { command: 'token revoke' },
  example: 'atoll token revoke ci',
  handler: ({ tokens }, { name }) => tokens.revoke(name),
  show: ({ name, devices }) => [{ line: ['The token', strong(name), `is ended (${devices} ${devices === 1 ? 'device' : 'devices'} removed). The keys are changed.`] }],
})
