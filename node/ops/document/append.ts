import * as z from 'zod'
import { limits } from '../../../crdt/wire/limits.ts'
import { boundedText } from '../bounded-text.ts'
import { defineOp } from '../define.ts'
import { strong } from '../show.ts'
import { documentName, documentPart } from './shapes.ts'

/** Adds text at the end of a live document. */
export const documentAppend = defineOp({
  name: 'document.append',
  doc: 'Add text at the end of a live document, on a line of its own.',
  permission: 'document.write',
  positional: ['document', 'text'],
  input: z.strictObject({ document: documentName, text: boundedText('The text', limits.documentTextBytes).describe('What is added'), part: documentPart }),
  output: z.object({ id: z.string(), title: z.string(), length: z.number().describe('Characters of the text now, in UTF-16 units') }),
  needs: ['documents'],
  errors: ['document_unknown'],
  cli: { command: 'doc append', stdin: 'text' },
  mcp: { tool: 'append_document' },
  example: 'atoll doc append "Release notes" "- live documents"',
  handler: ({ documents }, input) => documents.append(input),
  show: ({ title }) => [{ line: ['Added to', strong(title)] }],
})
