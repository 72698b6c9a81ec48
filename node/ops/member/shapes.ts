import * as z from 'zod'
import { bad, dim, good, type Cell } from '../show.ts'

/** What the person at this device has made sure of. */
export const verification = z.enum(['you', 'verified', 'changed', 'none'])

/** Loud where something is wrong. */
export function showVerification(state: z.output<typeof verification>): Cell {
  if (state === 'verified') return good('yes')
  return state === 'changed' ? bad('CHANGED') : state === 'none' ? dim('no') : null
}
