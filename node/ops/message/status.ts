import * as z from 'zod'
import { defineOp } from '../define.ts'
import { good, shortId, strong, warn } from '../show.ts'

/** How far a message got. */
export const messageStatus = defineOp({
  name: 'message.status',
  doc: 'How far a message you sent got, per recipient: stored there, reached the device, shown to the session, read; or why not.',
  permission: 'message.read',
  positional: ['id'],
  input: z.strictObject({ id: z.string().min(1).max(256).describe('The message’s id, as send_message gave it') }),
  output: z.object({
    id: z.string(),
    recipients: z.array(z.object({ name: z.string(), device: z.string(), state: z.enum(['pending', 'stored', 'reached', 'shown', 'read']), why: z.string().nullable() })),
  }),
  needs: ['messages'],
  errors: ['message_unknown', 'mesh_none', 'mesh_unknown', 'mesh_ambiguous', 'removed'],
  cli: { command: 'message-status' },
  mcp: { tool: 'message_status', readOnly: true },
  example: 'atoll message-status 5d1f',
  handler: ({ messages }, { id }) => messages.status(id),
  show: ({ recipients }) => [
    {
      columns: ['TO', 'STATE', 'WHY', 'DEVICE'],
      rows: recipients.map((one) => [strong(one.name), one.state === 'pending' ? warn(one.state) : good(one.state), one.why, shortId(one.device)]),
      empty: 'It was meant for nobody.',
    },
  ],
})
