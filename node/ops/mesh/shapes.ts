import * as z from 'zod'
import type { Block } from '../show.ts'
import { strong, warn } from '../show.ts'

/** What a member may do in a mesh. */
export const role = z.enum(['owner', 'admin', 'member', 'guest', 'service', 'mirror'])

/** What founding and joining answer. */
export const joined = z.object({
  mesh: z.string().describe('Id of the mesh'),
  name: z.string(),
  member: z.string().describe('Your id in it'),
  member_name: z.string(),
  role,
  note: z.string().optional(),
  others: z.array(z.string()).optional().describe('Other meshes that a link for a device led into'),
})

/** One mesh in a list. */
export const meshSummary = z.object({
  mesh: z.string(),
  name: z.string(),
  role: z.enum([...role.options, 'removed', 'left']),
  member: z.string(),
  member_name: z.string(),
  members: z.number(),
  online: z.number(),
  default: z.boolean(),
})

/** “You are in the mesh crew as alex.” */
export function showJoined(answer: z.output<typeof joined>, done: string): readonly Block[] {
  const others = answer.others ?? []
  return [{ line: [done, strong(answer.name), 'as', strong(answer.member_name), `(${answer.role}).`] }, ...(others.length === 0 ? [] : [{ line: ['And in', others.join(', ')] }]), ...(answer.note === undefined ? [] : [warn(answer.note)])]
}
