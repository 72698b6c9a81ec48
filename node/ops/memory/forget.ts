import * as z from 'zod'
import { defineOp } from '../define.ts'

/** Takes a note out of every view. */
export const memoryForget = defineOp({
  name: 'memory.forget',
  doc: 'Forget a note: it leaves every search at once; it stays in the log until old history is dropped.',
  permission: 'memory.write',
  positional: ['id'],
  input: z.strictObject({ id: z.string().min(1).max(256).describe('The note’s id, as recall gives it') }),
  output: z.object({ id: z.string() }),
  needs: ['memory'],
  errors: ['note_unknown'],
  cli: { command: 'forget' },
  mcp: { tool: 'forget' },
  example: 'atoll forget 3kq7',
  handler: ({ memory }, { id }) => memory.forget(id),
  show: () => ['Forgotten. It stays in the log until old history is dropped.'],
})
