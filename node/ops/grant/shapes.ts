import * as z from 'zod'
import { grantable } from '../../../crdt/docs/grants.ts'
import { role } from '../mesh/shapes.ts'
import { bad, dim, strong, type Block, type Cell } from '../show.ts'

const grant = z.object({
  allowed: z.boolean().nullable().describe('Null: as the role of each is'),
  by: z.enum(['name', 'everyone', 'default']).describe('Whether it was decided about them, about everyone, or not at all'),
})

/** What one member, or everyone, may do with the caller's member. */
export const grantLine = z.object({
  member: z.string().nullable().describe('Null: everyone whom nothing else names'),
  name: z.string(),
  role: role.nullable(),
  blocked: z.boolean(),
  grants: z.object({ message: grant, broadcast: grant, tools: grant, files: grant, machine: grant, directory: grant }),
})
type Line = z.output<typeof grantLine>

/** What can be granted, as a parameter. */
export const whatToGrant = z.enum(grantable).describe('message: write to you; broadcast: reach you by a message to all; tools: call your tools; files: read files you offer; machine, directory: see where you work')
/** Whom it is about, as a parameter. */
export const toWhom = z.string().min(1).max(4096).describe('The member’s name or id, or `everyone`')

function cell({ allowed, by }: Line['grants']['message']): Cell {
  const text = allowed === null ? 'by role' : allowed ? 'yes' : 'no'
  return by === 'name' ? strong(text) : dim(text)
}

/** The whole table; what was decided about somebody by name stands out. */
export function showGrants(lines: readonly Line[]): Block {
  return {
    columns: ['WHO', 'ROLE', 'BLOCKED', ...grantable.map((what) => what.toUpperCase())],
    rows: lines.map((line) => [line.member === null ? line.name : strong(line.name), line.role, line.blocked ? bad('yes') : null, ...grantable.map((what) => cell(line.grants[what]))]),
    empty: 'Nobody is in this mesh.',
  }
}
