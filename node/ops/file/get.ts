import * as z from 'zod'
import { bytesText } from '../../ports/bytes-text.ts'
import { defineOp } from '../define.ts'
import { durationText } from '../duration-text.ts'
import { strong } from '../show.ts'
import { fileName, fileSummary, localPath } from './shapes.ts'

/** Fetches a shared file and saves it. */
export const fileGet = defineOp({
  name: 'file.get',
  doc: 'Fetch a shared file from everybody who has some of it, and save it. What is here already is not fetched again, so a call that was broken off is just repeated. It waits for peers unless `patience` says how long.',
  permission: 'file.read',
  positional: ['id'],
  input: z.strictObject({
    id: fileName,
    save_to: localPath('Where to save it: a path, or a directory').default('.'),
    overwrite: z.boolean().default(false).describe('Replace what stands there'),
    patience: durationText().optional().describe('Give up when nothing came for so long'),
  }),
  output: fileSummary.pick({ id: true, name: true, bytes: true }).extend({ path: z.string(), fetched_bytes: z.number() }),
  needs: ['files'],
  errors: ['file_unknown', 'file_exists', 'file_unwritable', 'file_damaged', 'no_files_here', 'files_quota', 'disk_reserve'],
  cli: { command: 'get' },
  mcp: { tool: 'get_file' },
  paths: ['save_to'],
  example: 'atoll get 4f2a9c --save-to report.pdf',
  onlyReads: () => false,
  handler: ({ files }, { patience, ...input }, { progress, signal }) => files.get({ ...input, patience_ms: patience }, progress, signal),
  show: ({ name, path, bytes, fetched_bytes }) => [{ line: [strong(name), `is at ${path} (${bytesText(bytes)}, ${fetched_bytes === 0 ? 'all of it was here' : `${bytesText(fetched_bytes)} fetched`}).`] }],
})
