import * as z from 'zod'
import { defineOp } from '../define.ts'
import { dim, strong, time } from '../show.ts'
import { documentName, documentPart, documentSummary } from './shapes.ts'

/** Reads a live document. */
export const documentShow = defineOp({
  name: 'document.show',
  doc: 'Read the text of a live document as it is now.',
  permission: 'document.read',
  positional: ['document'],
  input: z.strictObject({ document: documentName, part: documentPart }),
  output: documentSummary.extend({ text: z.string(), parts: z.array(z.string()).describe('The names of all its parts') }),
  needs: ['documents'],
  errors: ['document_unknown'],
  cli: { command: 'doc show' },
  mcp: { tool: 'read_document', readOnly: true },
  example: 'atoll doc show "Release notes"',
  handler: ({ documents }, { document, part }) => documents.show(document, part),
  show: ({ title, by, at, text }) => [{ line: [strong(title), dim('by'), by, time(at)] }, text === '' ? dim('It is empty.') : { quote: text }],
})
