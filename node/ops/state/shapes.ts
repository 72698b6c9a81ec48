import * as z from 'zod'
import { limits } from '../../../crdt/wire/limits.ts'
import type { Json } from '../../ports/services.ts'
import { boundedText } from '../bounded-text.ts'

/** The name a value is stored under. */
export const stateKey = boundedText('The key', limits.keyBytes).describe('Name of the value, for instance build/status')
/** A JSON value in an answer; it was checked when it was written. */
export const storedJson = z.unknown() as unknown as z.ZodType<Json, Json>
/** Who wrote something. */
export const author = z.string().describe('Name of the member who wrote it')
/** When something was written. */
export const moment = z.number().describe('Milliseconds since 1970 UTC, by the writer’s clock')

/** A value with its author and what was written beside it without knowledge of it. */
export const stateValue = z.object({
  key: z.string(),
  value: storedJson,
  by: author,
  at: moment,
  concurrent: z.array(z.object({ value: storedJson, by: author, at: moment })).describe('Other values written at the same time in ignorance of this one'),
})

/** A JSON value in one line. */
export const inline = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value))
