import * as z from 'zod'
import { defineOp } from '../define.ts'
import { shortId, strong, time } from '../show.ts'
import { documentSummary } from './shapes.ts'

/** Lists live documents. */
export const documentList = defineOp({
  name: 'document.list',
  doc: 'List the live documents of the mesh.',
  permission: 'document.read',
  positional: [],
  input: z.strictObject({}),
  output: z.object({ documents: z.array(documentSummary) }),
  needs: ['documents'],
  errors: [],
  cli: { command: 'doc list' },
  mcp: { tool: 'list_documents', readOnly: true },
  example: 'atoll doc list',
  handler: async ({ documents }) => ({ documents: await documents.list() }),
  show: ({ documents }) => [
    { columns: ['TITLE', 'ID', 'BY', 'WHEN'], rows: documents.map(({ id, title, by, at }) => [strong(title), shortId(id), by, time(at)]), empty: 'There are no documents yet: `atoll doc create TITLE`.' },
  ],
})
