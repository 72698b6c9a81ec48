import * as z from 'zod'
import { role } from '../mesh/shapes.ts'

/** Somebody who waits to be let in. */
export const joinRequest = z.object({
  request: z.string().describe('The device that asks'),
  number: z.string().describe('The joiner sees the same'),
  name: z.string().describe('What the joiner wants to be called'),
  role,
  invite: z.string(),
  invited_by: z.string(),
  asked_at: z.number(),
  here: z.boolean().describe('Whether it is waiting at this moment'),
})

/** Which request is meant. */
export const requestText = z.string().min(6).max(200).describe('The number, or the beginning of the id, as `atoll invite requests` shows them')
