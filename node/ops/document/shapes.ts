import * as z from 'zod'
import { author, moment } from '../state/shapes.ts'
import { boundedText } from '../bounded-text.ts'

/** A document, said by its id, the beginning of it, or its title. */
export const documentName = boundedText('The document', 256).describe('Id of the document, the beginning of it, or its title')
/** A Yjs document has named parts. */
export const documentPart = boundedText('The part', 128).default('content').describe('The text within the document: editors name theirs, for instance codemirror')

export const documentSummary = z.object({
  id: z.string().describe('Also the room that editors join'),
  title: z.string(),
  by: author,
  at: moment,
})
