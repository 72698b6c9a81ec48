import * as z from 'zod'
import { limits } from '../../../crdt/wire/limits.ts'
import { defineOp } from '../define.ts'
import { durationText } from '../duration-text.ts'
import { role } from '../mesh/shapes.ts'
import { nameText } from '../name-text.ts'
import { scopes as possible } from '../permit.ts'
import { dim, time } from '../show.ts'

const scope = z.enum(possible as [string, ...string[]])

/** Makes a token for headless devices. */
export const tokenCreate = defineOp({
  name: 'token.create',
  doc: 'Make a token by which a machine without a person comes into the mesh, such as CI: a member of its own, new at every run. It is shown once, and goes into the environment variable ATOLL_TOKEN there. Whoever has it can use it.',
  permission: 'token.write',
  positional: ['name'],
  input: z.strictObject({
    name: nameText().describe('What the member is called'),
    role: role.exclude(['owner', 'admin', 'mirror']).default('service').describe('What it may do; at most what you may'),
    expires: durationText().default(30 * 86_400_000).describe('How long it is good for (30d)'),
    scopes: z.array(scope).max(limits.scopesPerToken).default([]).describe('The only things its node does, such as state.read; without any, all that the role may'),
  }),
  output: z.object({
    token: z.string(),
    member: z.string(),
    name: z.string(),
    role,
    scopes: z.array(z.string()),
    expires_at: z.number(),
    enforced: z.array(z.string()).describe('What its role might write and every peer denies it for its scopes'),
  }),
  needs: ['tokens'],
  errors: ['name_invalid'],
  cli: { command: 'token create', flags: { scopes: 'scope' }, placeholders: { scopes: 'PERMISSION', expires: 'TIME' } },
  example: 'atoll token create ci --scope state.read --scope state.write --expires 90d',
  handler: ({ tokens }, { name, role: as, expires, scopes }) => tokens.create({ name, role: as, expires_in_ms: expires, scopes }),
  show: ({ token, name, role: as, expires_at, scopes, enforced }) => [
    token,
    { aside: [{ line: [dim(`Set it as ATOLL_TOKEN where it shall run; it is not shown again, and kept nowhere. It acts as ${name} (${as}) until`), time(expires_at)] }] },
    ...(scopes.length === 0 ? [] : [{ aside: [{ line: [dim(`Its node does only ${scopes.join(', ')}. ${enforced.length === 0 ? 'A program that is not Atoll and has the token may do all that the role may.' : `Every peer denies it ${enforced.join(', ')}; what else the role may, reading above all, a program that is not Atoll and has the token may do.`}`)] }] }]),
  ],
})
