import * as z from 'zod'
import { limits } from '../../../crdt/wire/limits.ts'
import { boundedText } from '../bounded-text.ts'
import { defineOp } from '../define.ts'
import { dim } from '../show.ts'
import { priority } from './shapes.ts'

const recipient = z.string().min(1).max(4096)

/** Sends a message. */
export const messageSend = defineOp({
  name: 'message.send',
  doc: 'Send a message to a session, a member, or * for all. Only its recipients can read it. It waits for those who are offline; message_status tells how far it got.',
  permission: 'message.send',
  positional: ['to', 'message'],
  input: z.strictObject({
    to: z.union([recipient, z.array(recipient).min(1).max(limits.recipients)]).describe('Name of a session or member, several of them, or * for all'),
    message: boundedText('The message', limits.messageBytes).describe('What to say'),
    priority: priority.default('next').describe('now: at once; next: when the recipient is idle; low: only when it asks'),
    reply_to: z.string().max(256).optional().describe('Id of the message this answers'),
    idempotency_key: z.string().max(256).optional().describe('Repeating a send with the same key sends nothing twice'),
  }),
  output: z.object({ id: z.string(), at: z.number(), recipients: z.array(z.string()).describe('Who it is meant for') }),
  needs: ['messages'],
  errors: ['recipient_unknown', 'member_ambiguous', 'message_unknown'],
  cli: { command: 'send', placeholders: { message: 'TEXT' }, rest: true, stdin: 'message' },
  mcp: { tool: 'send_message', alwaysLoad: true },
  example: 'atoll send bea "The build is green again"',
  handler: ({ messages }, { to, message, ...rest }) => messages.send({ to: typeof to === 'string' ? [to] : to, text: message, ...rest }),
  show: ({ id, recipients }) => [
    { line: [recipients.length === 0 ? 'Stored; there is nobody else to receive it yet.' : `Sent to ${recipients.join(', ')}.`, dim(`id ${id}`)] },
    { aside: [dim(`atoll message-status ${id.slice(0, 12)} tells how far it got.`)] },
  ],
})
