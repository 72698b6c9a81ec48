import * as z from 'zod'
import { defineOp } from '../define.ts'

const counts = ['entries', 'logs', 'bytes', 'keys', 'notes', 'messages', 'members', 'online', 'sent_bytes', 'received_bytes'] as const

/** How much a mesh holds and has moved. */
export const meshStats = defineOp({
  name: 'mesh.stats',
  doc: 'How much a mesh holds and has moved: entries, keys, notes, messages, members, bytes sent and received by this node.',
  permission: 'mesh.read',
  positional: [],
  input: z.strictObject({}),
  output: z.object({
    entries: z.number(),
    logs: z.number(),
    bytes: z.number(),
    keys: z.number(),
    notes: z.number(),
    messages: z.number(),
    members: z.number(),
    online: z.number(),
    sent_bytes: z.number(),
    received_bytes: z.number(),
  }),
  needs: ['mesh'],
  errors: [],
  cli: { command: 'stats' },
  mcp: { tool: 'mesh_stats', readOnly: true },
  example: 'atoll stats',
  handler: ({ mesh }) => mesh.stats(),
  show: (answer) => [{ facts: counts.map((name) => [name.replace('_', ' '), answer[name]] as const) }],
})
