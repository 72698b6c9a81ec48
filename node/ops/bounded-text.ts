import * as z from 'zod'
import { AtollError } from '../ports/errors.ts'

const utf8 = new TextEncoder()

/** Text of one to `limit` UTF-8 bytes. Over it the call fails with value_too_large, which says by how much. */
export function boundedText(what: string, limit: number): z.ZodString {
  return z.string().superRefine((text, context) => {
    if (text === '') context.addIssue({ code: 'custom', message: `${what} is empty` })
    if (!text.isWellFormed()) context.addIssue({ code: 'custom', message: `${what} holds half of a surrogate pair, so it is not text` })
    const size = utf8.encode(text).length
    if (size > limit) context.addIssue({ code: 'custom', message: `${what} is too large`, params: { atoll: new AtollError('value_too_large', { what, size, limit }) } })
  })
}
