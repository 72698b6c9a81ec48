import * as z from 'zod'
import { defineOp } from '../define.ts'
import { dim, good, shortId, strong, time } from '../show.ts'
import { joinRequest } from './shapes.ts'

/** Lists who waits to be let in. */
export const inviteRequests = defineOp({
  name: 'invite.requests',
  doc: 'List who came by an invite made with --approve and waits to be let in. The number is the one that they see too: compare it with them before you approve.',
  permission: 'request.read',
  positional: [],
  input: z.strictObject({}),
  output: z.object({ requests: z.array(joinRequest) }),
  needs: ['requests'],
  errors: [],
  cli: { command: 'invite requests' },
  example: 'atoll invite requests',
  handler: async ({ requests }) => ({ requests: await requests.list() }),
  show: ({ requests }) => [
    {
      columns: ['NUMBER', 'CALLS ITSELF', 'ASKED', 'AS', 'INVITE', 'INVITED BY', '', 'ID'],
      rows: requests.map((one) => [strong(one.number), one.name, time(one.asked_at), one.role, shortId(one.invite), one.invited_by, one.here ? good('waiting') : dim('away'), shortId(one.request)]),
      empty: 'Nobody waits here to be let in.',
    },
    ...(requests.length > 0 ? [dim('Ask them for their number. If it is the same: `atoll invite approve ID`; otherwise `atoll invite refuse ID`.')] : []),
  ],
})
