import * as z from 'zod'
import { bytesText } from '../../ports/bytes-text.ts'
import { defineOp } from '../define.ts'
import { bad, dim, good, strong } from '../show.ts'
import { describe, fileName, fileSummary } from './shapes.ts'

/** Says how much of a file is here, and who else holds it. */
export const fileStatus = defineOp({
  name: 'file.status',
  doc: 'Say how much of a shared file is here, who else holds it, and who sent wrong data for it.',
  permission: 'file.read',
  positional: ['id'],
  input: z.strictObject({ id: fileName }),
  output: fileSummary.extend({
    here_bytes: z.number(),
    chunks: z.number().describe('Its parts, as far as known here'),
    here_chunks: z.number(),
    kept: z.boolean(),
    fetching: z.object({ done_bytes: z.number(), sources: z.number() }).nullable(),
    peers: z.array(z.object({ name: z.string(), device: z.string(), online: z.boolean(), chunks: z.number().nullable().describe('Parts it says it holds; null: no answer'), lied: z.boolean() })),
  }),
  needs: ['files'],
  errors: ['file_unknown', 'file_damaged'],
  cli: { command: 'file status' },
  mcp: { tool: 'file_status', readOnly: true },
  example: 'atoll file status 4f2a9c',
  handler: ({ files }, { id }, { signal }) => files.status(id, signal),
  show: (file) => [
    { line: [strong(file.name), `(${describe(file)}), shared by ${file.by}.`] },
    file.here_bytes === file.bytes ? good('All of it is here.') : `${bytesText(file.here_bytes)} of ${bytesText(file.bytes)} are here${file.fetching ? `; it is being fetched from ${file.fetching.sources} peers` : ''}.`,
    { columns: ['PEER', 'ONLINE', 'HOLDS', ''], rows: file.peers.map(({ name, online, chunks, lied }) => [name, online ? good('yes') : dim('no'), chunks === null ? dim('unknown') : chunks >= file.chunks ? good('all') : `${chunks} of ${file.chunks} parts`, lied ? bad('sent wrong data') : '']), empty: 'There is nobody else in the mesh.' },
  ],
})
