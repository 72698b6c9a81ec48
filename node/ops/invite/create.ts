import * as z from 'zod'
import { defineOp } from '../define.ts'
import { durationText } from '../duration-text.ts'
import { role } from '../mesh/shapes.ts'
import { dim, shortId, time } from '../show.ts'

/** Makes an invite link. */
export const inviteCreate = defineOp({
  name: 'invite.create',
  doc: 'Make a link by which others join the mesh. Whoever has it can use it: send it privately.',
  permission: 'invite.write',
  positional: [],
  input: z.strictObject({
    uses: z.number().int().min(1).max(10_000).default(1).describe('How often it may be used'),
    expires: durationText().default(7 * 86_400_000).describe('How long it is good for, such as 12h or 7d (7d)'),
    role: role.default('member').describe('What the newcomer may do; at most what you may'),
    approve: z.boolean().default(false).describe('An admin or owner has to let in whoever comes by it'),
    history: z.enum(['all', 'since', 'none']).default('all').describe('What newcomers may read of what was written before: all, since this invite was made, or none but how things stand'),
  }),
  output: z.object({
    id: z.string(),
    link: z.string(),
    role,
    uses: z.number(),
    approve: z.boolean(),
    expires_at: z.number(),
    qr: z.array(z.string()).describe('The link as a QR code, line by line'),
  }),
  needs: ['mesh'],
  errors: [],
  cli: { command: 'invite', placeholders: { uses: 'N', expires: 'TIME' } },
  example: 'atoll invite --uses 3 --expires 2d',
  handler: ({ mesh }, { uses, expires, role: as, approve, history }) => mesh.invite({ uses, expires_in_ms: expires, role: as, approve, history }),
  show: ({ qr, link, uses, role: as, approve, expires_at, id }) => [
    { aside: qr },
    link,
    { aside: [{ line: [dim(`${uses === 1 ? 'One person' : `Up to ${uses} people`} can join with it as ${as}. It expires`), time(expires_at)] }, ...(approve ? [dim('Whoever comes by it waits until an admin lets them in: atoll invite requests')] : []), { line: [dim('To take it back: atoll invite revoke'), shortId(id)] }] },
  ],
})
