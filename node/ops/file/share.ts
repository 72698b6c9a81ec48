import * as z from 'zod'
import { limits } from '../../../crdt/wire/limits.ts'
import { boundedText } from '../bounded-text.ts'
import { defineOp } from '../define.ts'
import { durationText } from '../duration-text.ts'
import { dim, strong } from '../show.ts'
import { describe, fileSummary, listOf, localPath, recipients } from './shapes.ts'

/** Shares a file of this machine. */
export const fileShare = defineOp({
  name: 'file.share',
  doc: 'Share a file of any size, encrypted end to end, with the whole mesh or with some people. Equal parts are stored and sent once; others fetch it on demand.',
  permission: 'file.write',
  positional: ['path'],
  input: z.strictObject({
    path: localPath('The file'),
    name: boundedText('The name', limits.fileNameBytes).optional().describe('Another name than its own'),
    tags: z.array(boundedText('A tag', limits.tagBytes)).max(limits.tagsPerFile).default([]).describe('Words to find it by'),
    to: recipients.optional().describe('Members who may open it; the whole mesh when left out'),
    expires: durationText().optional().describe('How long it is listed and kept, such as 7d'),
  }),
  output: fileSummary.pick({ id: true, name: true, bytes: true, to: true }),
  needs: ['files'],
  errors: ['file_unreadable', 'file_changed', 'no_files_here', 'recipient_unknown', 'member_unknown', 'member_ambiguous', 'files_quota', 'disk_reserve'],
  cli: { command: 'share' },
  mcp: { tool: 'share_file' },
  paths: ['path'],
  example: 'atoll share report.pdf --to bea --expires 7d',
  handler: ({ files }, { to, expires, ...input }, { progress, signal }) => files.share({ ...input, to: listOf(to), expires_in_ms: expires }, progress, signal),
  show: (file) => [{ line: [strong(file.name), `is shared (${describe(file)}).`, dim(`id ${file.id}`)] }],
})
