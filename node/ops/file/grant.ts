import * as z from 'zod'
import { defineOp } from '../define.ts'
import { strong } from '../show.ts'
import { describe, fileName, fileSummary, listOf, recipients } from './shapes.ts'

/** Opens a file to more people. */
export const fileGrant = defineOp({
  name: 'file.grant',
  doc: 'Let more members open a file that was shared with some. It cannot be taken back: they may save it at once.',
  permission: 'file.write',
  positional: ['fileId', 'to'],
  input: z.strictObject({ fileId: fileName, to: recipients.describe('Members who may open it as well') }),
  output: fileSummary.pick({ id: true, name: true, bytes: true, to: true }),
  needs: ['files'],
  errors: ['file_unknown', 'not_your_file', 'file_for_all', 'recipient_unknown', 'member_unknown', 'member_ambiguous'],
  cli: { command: 'file grant', placeholders: { fileId: 'ID', to: 'NAME' } },
  mcp: { tool: 'grant_file_access' },
  example: 'atoll file grant 4f2a9c bea',
  handler: ({ files }, { fileId, to }) => files.grant({ id: fileId, to: listOf(to) }),
  show: (file) => [{ line: [strong(file.name), `is shared now: ${describe(file)}.`] }],
})
