import * as z from 'zod'
import { boundedText } from '../bounded-text.ts'
import { defineOp } from '../define.ts'

/** Says what a session is working on. */
export const sessionSetSummary = defineOp({
  name: 'session.set-summary',
  doc: 'Tell the others in one sentence what this session is working on; shown in their list of peers.',
  permission: 'session.write',
  positional: ['summary'],
  input: z.strictObject({ summary: boundedText('The summary', 1024).describe('One sentence') }),
  output: z.object({ summary: z.string() }),
  needs: ['sessions'],
  errors: [],
  cli: { command: 'session set-summary', rest: true },
  mcp: { tool: 'set_summary' },
  example: 'atoll session set-summary "Moving the build to esbuild"',
  handler: async ({ sessions }, { summary }) => {
    await sessions.setSummary(summary)
    return { summary }
  },
  show: () => ['The others see it now.'],
})
