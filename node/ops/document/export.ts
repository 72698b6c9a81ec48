import * as z from 'zod'
import { defineOp } from '../define.ts'
import { documentName, documentPart } from './shapes.ts'

/** Takes a live document out of the mesh. */
export const documentExport = defineOp({
  name: 'document.export',
  doc: 'Take a live document out: its plain text, or all of it with its history as a Yjs update that any Yjs program reads.',
  permission: 'document.read',
  positional: ['document'],
  input: z.strictObject({ document: documentName, format: z.enum(['text', 'yjs']).default('text').describe('text: a part as it reads; yjs: everything, as a base64 update (version 1)'), part: documentPart }),
  output: z.object({ id: z.string(), title: z.string(), format: z.enum(['text', 'yjs']), content: z.string() }),
  needs: ['documents'],
  errors: ['document_unknown'],
  cli: { command: 'doc export' },
  mcp: { tool: 'export_document', readOnly: true },
  example: 'atoll doc export "Release notes" --format yjs',
  handler: ({ documents }, { document, format, part }) => documents.export(document, format, part),
  show: ({ content }) => [content],
})
