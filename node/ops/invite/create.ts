import * as z from 'zod'
import { defineOp } from '../define.ts'
import { durationText } from '../duration-text.ts'
import { role } from '../mesh/shapes.ts'
import { groupList, messageMode } from '../session/defaults.ts'
import { dim, shortId, time } from '../show.ts'
import { emailText } from './email-text.ts'

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
    groups: groupList.default([]).describe('A group that the newcomer’s sessions begin in; repeat for several'),
    messages: messageMode.optional().describe('Which messages reach the newcomer’s sessions unasked, until they change it'),
    email: z.boolean().default(false).describe('Write the text of an e-mail that brings it; nothing is sent'),
    history: z.enum(['all', 'since', 'none']).default('all').describe('What newcomers may read of what was written before: all, since this invite was made, or none but how things stand'),
  }),
  output: z.object({
    id: z.string(),
    link: z.string(),
    role,
    uses: z.number(),
    approve: z.boolean(),
    groups: z.array(z.string()),
    messages: messageMode.nullable(),
    email: z.object({ subject: z.string(), body: z.string() }).nullable().describe('Plain text to send as it is; null unless asked for'),
    expires_at: z.number(),
    qr: z.array(z.string()).describe('The link as a QR code, line by line'),
  }),
  needs: ['mesh'],
  errors: [],
  cli: { command: 'invite', flags: { groups: 'group' }, placeholders: { uses: 'N', expires: 'TIME', groups: 'NAME' } },
  example: 'atoll invite --uses 3 --expires 2d',
  handler: async ({ mesh }, { uses, expires, role: as, approve, groups, messages, history, email }) => {
    const { mesh_name, by, ...invite } = await mesh.invite({ uses, expires_in_ms: expires, role: as, approve, groups, messages, history })
    return { ...invite, email: email ? emailText({ ...invite, mesh_name, by }) : null }
  },
  show: ({ qr, link, uses, role: as, approve, groups, messages, expires_at, id, email }) => [
    ...(email === null ? [{ aside: qr }, link] : [`Subject: ${email.subject}`, '', ...email.body.split('\n'), '']),
    {
      aside: [
        { line: [dim(`${uses === 1 ? 'One person' : `Up to ${uses} people`} can join with it as ${as}. It expires`), time(expires_at)] },
        ...(approve ? [dim('Whoever comes by it waits until an admin lets them in: atoll invite requests')] : []),
        ...(groups.length > 0 ? [dim(`Their sessions begin in ${groups.join(', ')}.`)] : []),
        ...(messages === null ? [] : [dim(`Messages that reach their sessions unasked: ${messages}.`)]),
        ...(email !== null && !approve ? [dim('An e-mail stays where it was sent: with --approve nobody who finds it gets in unseen.')] : []),
        { line: [dim('To take it back: atoll invite revoke'), shortId(id)] },
      ],
    },
  ],
})
