import * as z from 'zod'
import { bytesText } from '../../ports/bytes-text.ts'
import type { FileSummary } from '../../ports/services.ts'
import { boundedText } from '../bounded-text.ts'

/** A file, said by its id, the beginning of it, or a name that only one has. */
export const fileName = boundedText('The file', 512).describe('Id of the file, the beginning of it, or its name where only one has it')
/** A path of this machine; the surface that knows the working directory makes it absolute. */
export const localPath = (what: string): ReturnType<typeof boundedText> => boundedText('The path', 4096).describe(what)
const recipient = z.string().min(1).max(4096)
export const recipients = z.union([recipient, z.array(recipient).min(1).max(1000)])

export const fileSummary = z.object({
  id: z.string(),
  name: z.string(),
  bytes: z.number(),
  tags: z.array(z.string()),
  by: z.string(),
  at: z.number(),
  to: z.array(z.string()).describe('`mesh`, or people'),
  expires_at: z.number().nullable(),
})

/** One name or several. */
export const listOf = (to: string | readonly string[] | undefined): readonly string[] => (to === undefined ? [] : typeof to === 'string' ? [to] : to)
/** Its size, and for whom it is. */
export const describe = ({ bytes, to }: Pick<FileSummary, 'bytes' | 'to'>): string => `${bytesText(bytes)}, for ${to.length === 1 && to[0] === 'mesh' ? 'the whole mesh' : to.join(', ') || 'nobody else'}`
