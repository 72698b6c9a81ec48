import * as z from 'zod'
import { defineOp } from '../define.ts'

/** Says whether a session may be disturbed. */
export const sessionSetStatus = defineOp({
  name: 'session.set-status',
  doc: 'Set this session’s status: idle, working, or dnd (messages wait unless they are urgent).',
  permission: 'session.write',
  positional: ['status'],
  input: z.strictObject({ status: z.enum(['idle', 'working', 'dnd']).describe('idle, working or dnd (do not disturb)') }),
  output: z.object({ status: z.enum(['idle', 'working', 'dnd']) }),
  needs: ['sessions'],
  errors: [],
  cli: { command: 'session set-status' },
  mcp: { tool: 'set_status', alwaysLoad: true },
  example: 'atoll session set-status working',
  handler: async ({ sessions }, { status }) => {
    await sessions.setStatus(status)
    return { status }
  },
  show: ({ status }) => [`This session is ${status}.`],
})
