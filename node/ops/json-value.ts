import * as z from 'zod'
import { limits } from '../../crdt/wire/limits.ts'
import { AtollError } from '../ports/errors.ts'
import type { Json } from '../ports/services.ts'

const utf8 = new TextEncoder()
const depthLimit = 64

/** Any JSON value up to `limits.valueBytes` in its shortest spelling and 64 levels deep. */
export function jsonValue(doc: string): z.ZodType<Json, unknown> {
  return z
    .unknown()
    .superRefine((value, context) => {
      if (value === undefined) context.addIssue({ code: 'custom', message: 'a JSON value is needed' })
      else if (!isJson(value, depthLimit)) context.addIssue({ code: 'custom', message: `not a JSON value, or nested over ${depthLimit} levels` })
      else {
        const size = utf8.encode(JSON.stringify(value)).length
        if (size > limits.valueBytes) context.addIssue({ code: 'custom', message: 'too large', params: { atoll: new AtollError('value_too_large', { what: 'The value', size, limit: limits.valueBytes }) } })
      }
    })
    .describe(doc) as unknown as z.ZodType<Json, unknown>
}

function isJson(value: unknown, depth: number): value is Json {
  if (value === null || typeof value === 'boolean') return true
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || depth === 0) return false
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth - 1))
  return Object.entries(value).every(([key, item]) => key.isWellFormed() && isJson(item, depth - 1))
}
