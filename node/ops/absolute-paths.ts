import type * as z from 'zod'
import type { Operation } from './define.ts'

/** The input with its paths made absolute, those left to their default included: by the surface, which has a working directory. */
export function absolutePaths(operation: Pick<Operation, 'paths' | 'input'>, input: Readonly<Record<string, unknown>>, absolute: (path: string) => string): Record<string, unknown> {
  const whole: Record<string, unknown> = { ...input }
  const shape = operation.input.shape as Readonly<Record<string, z.ZodType>>
  for (const name of operation.paths ?? []) {
    const given = input[name] ?? shape[name]?.safeParse(undefined).data
    if (typeof given === 'string') whole[name] = absolute(given)
  }
  return whole
}
