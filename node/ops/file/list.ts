import * as z from 'zod'
import { bytesText } from '../../ports/bytes-text.ts'
import { defineOp } from '../define.ts'
import { shortId, strong, time } from '../show.ts'
import { fileSummary } from './shapes.ts'

/** Lists shared files. */
export const fileList = defineOp({
  name: 'file.list',
  doc: 'List the files that are shared with you, newest first.',
  permission: 'file.read',
  positional: ['query'],
  input: z.strictObject({
    query: z.string().max(512).optional().describe('Part of a name or tag'),
    from: z.string().max(4096).optional().describe('Only what this member shared'),
  }),
  output: z.object({ files: z.array(fileSummary) }),
  needs: ['files'],
  errors: ['member_unknown', 'member_ambiguous'],
  cli: { command: 'files' },
  mcp: { tool: 'list_files', readOnly: true },
  example: 'atoll files report --from bea',
  handler: async ({ files }, input) => ({ files: [...(await files.list(input))] }),
  show: ({ files }) => [
    { columns: ['NAME', 'SIZE', 'ID', 'BY', 'FOR', 'WHEN'], rows: files.map(({ name, bytes, id, by, to, at }) => [strong(name), bytesText(bytes), shortId(id), by, to.join(', '), time(at)]), empty: 'No files are shared: `atoll share FILE`.' },
  ],
})
