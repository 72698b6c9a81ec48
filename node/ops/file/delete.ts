import * as z from 'zod'
import { defineOp } from '../define.ts'
import { strong } from '../show.ts'
import { fileName } from './shapes.ts'

/** Takes a shared file out of every view. */
export const fileDelete = defineOp({
  name: 'file.delete',
  doc: 'Delete a shared file: it leaves every list, and every device forgets its content in time. Who has saved a copy keeps it. Only who shared it, an admin or an owner may.',
  permission: 'file.write',
  positional: ['id'],
  input: z.strictObject({ id: fileName }),
  output: z.object({ id: z.string(), name: z.string() }),
  needs: ['files'],
  errors: ['file_unknown', 'not_your_file'],
  cli: { command: 'file delete', confirm: ({ id }) => `This deletes the shared file ${String(id)} for everybody.` },
  mcp: { tool: 'delete_file' },
  example: 'atoll file delete 4f2a9c',
  handler: ({ files }, { id }) => files.delete(id),
  show: ({ name }) => [{ line: [strong(name), 'is no longer shared.'] }],
})
