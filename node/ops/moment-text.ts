import * as z from 'zod'
import type { Moment } from '../ports/services.ts'
import { durationText } from './duration-text.ts'

const day = /^\d{4}-\d\d-\d\d$/
/** With its zone: where it would be read in differs from machine to machine. */
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/

/** A moment: a day (from its first instant, UTC), an instant with its zone, or how long ago. */
export function momentText(): z.ZodPipe<z.ZodString, z.ZodTransform<Moment, string>> {
  const duration = durationText()
  return z.string().max(40).transform((text, context): Moment => {
    const ago = duration.safeParse(text)
    if (ago.success) return { ago_ms: ago.data }
    const at = day.test(text) || instant.test(text) ? Date.parse(text) : Number.NaN
    if (Number.isNaN(at)) context.addIssue({ code: 'custom', message: 'a moment is a day such as 2026-03-31, an instant such as 2026-03-31T12:00Z, or how long ago, such as 12h or 7d', input: text })
    return { at }
  })
}
