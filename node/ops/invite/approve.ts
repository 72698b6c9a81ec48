import * as z from 'zod'
import { defineOp } from '../define.ts'
import { dim, strong } from '../show.ts'
import { joinRequest, requestText } from './shapes.ts'

/** Lets somebody in who waits for it. */
export const inviteApprove = defineOp({
  name: 'invite.approve',
  doc: 'Let in somebody who waits for an admin, after you compared the number with them. It counts also where they have gone away meanwhile and come back later.',
  permission: 'request.decide',
  positional: ['request'],
  input: z.strictObject({ request: requestText, preview: z.boolean().default(false).describe('Only say who it would be') }),
  output: joinRequest.extend({ done: z.boolean().describe('False for a preview') }),
  needs: ['requests'],
  errors: ['request_unknown', 'invite_unknown', 'invite_revoked', 'invite_expired', 'invite_used_up', 'needs_admin', 'nobody_online', 'removed'],
  cli: { command: 'invite approve', confirm: ({ request }) => `Whoever asks as ${String(request)} will be let in. Only the number says that it is who you think.`, preview: { preview: true } },
  example: 'atoll invite approve "12345 67890 12345 67890 12345 67890" --yes',
  handler: ({ requests }, { request, preview }) => requests.approve(request, preview),
  show: ({ done, name, number, role, invited_by, here }) => [
    { line: [done ? 'Let in:' : 'Would be let in:', strong(name), `as ${role},`, dim('invited by'), invited_by] },
    { facts: [['number', strong(number)]] },
    ...(done && !here ? ['They are away at the moment, and are in when they run `atoll join` with the same link again.'] : []),
  ],
})
