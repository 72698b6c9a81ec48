import * as z from 'zod'
import { defineOp } from '../define.ts'
import { shortId, strong } from '../show.ts'
import { joinRequest, requestText } from './shapes.ts'

/** Sends somebody away who waits to be let in. */
export const inviteRefuse = defineOp({
  name: 'invite.refuse',
  doc: 'Send away somebody who waits to be let in. While the invite is open they can ask again; `atoll invite revoke` closes it.',
  permission: 'request.decide',
  positional: ['request'],
  input: z.strictObject({ request: requestText }),
  output: joinRequest,
  needs: ['requests'],
  errors: ['request_unknown'],
  cli: { command: 'invite refuse' },
  example: 'atoll invite refuse 4f2a91c0',
  handler: ({ requests }, { request }) => requests.refuse(request),
  show: ({ name, invite }) => [{ line: [strong(name), 'was sent away. To close the invite: atoll invite revoke', shortId(invite)] }],
})
