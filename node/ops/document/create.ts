import * as z from 'zod'
import { limits } from '../../../crdt/wire/limits.ts'
import { boundedText } from '../bounded-text.ts'
import { defineOp } from '../define.ts'
import { dim, strong } from '../show.ts'
import { documentPart, documentSummary } from './shapes.ts'

/** Starts a live document. */
export const documentCreate = defineOp({
  name: 'document.create',
  doc: 'Start a text document that every member can edit at the same time, from any Yjs editor too; edits merge, offline ones as well.',
  permission: 'document.write',
  positional: ['title'],
  input: z.strictObject({
    title: boundedText('The title', limits.nameBytes).describe('What it is called'),
    text: boundedText('The text', limits.documentTextBytes).optional().describe('What it begins with'),
    part: documentPart,
  }),
  output: documentSummary,
  needs: ['documents'],
  errors: [],
  cli: { command: 'doc create', stdin: 'text' },
  mcp: { tool: 'create_document' },
  example: 'atoll doc create "Release notes" --text "# Next"',
  handler: ({ documents }, input) => documents.create(input),
  show: ({ id, title }) => [{ line: [strong(title), 'is there.', dim(`id ${id}`)] }],
})
