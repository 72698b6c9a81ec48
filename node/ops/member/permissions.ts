import * as z from 'zod'
import { contentPermissions } from '../../../crdt/members/policy.ts'
import { defineOp } from '../define.ts'
import { role } from '../mesh/shapes.ts'
import { permissions } from '../permissions.ts'
import { bad, good, strong } from '../show.ts'

const roles = role.options

/** Shows the table of permissions: role by role, or of one member. */
export const memberPermissions = defineOp({
  name: 'member.permissions',
  doc: 'Show what each role may do in a mesh, and what policies say beside that: exceptions for single members, and who edits which field of a profile. With a name: what that member may do.',
  permission: 'mesh.read',
  positional: ['name'],
  input: z.strictObject({ name: z.string().min(1).max(4096).optional().describe('A member’s name or id; left out: all roles') }),
  output: z.object({
    permissions: z.array(z.object({
      permission: z.string(),
      roles: z.array(role).describe('Who holds it where no exception says otherwise'),
      excepted: z.boolean().describe('Whether exceptions can be made of it'),
    })),
    exceptions: z.array(z.object({ member: z.string(), name: z.string(), permission: z.string(), choice: z.enum(['allow', 'deny']) })),
    fields: z.array(z.object({ field: z.string(), editors: z.enum(['self', 'stewards']) })),
    member: z.object({ member: z.string(), name: z.string(), role, holds: z.array(z.string()) }).nullable().describe('The one that was asked for; null where none was'),
  }),
  needs: ['members', 'profiles'],
  errors: ['member_unknown', 'member_ambiguous'],
  cli: { command: 'member permissions' },
  example: 'atoll member permissions bob',
  async handler({ members, profiles }, { name }) {
    const found = await members.find(name)
    const table = Object.entries(permissions).flatMap(([permission, holders]) => (holders === null ? [] : [{ permission, roles: roles.filter((one) => (holders as readonly string[]).includes(one)), excepted: permission in contentPermissions }]))
    const exceptions = found.flatMap((one) => one.exceptions.map((exception) => ({ member: one.member, name: one.name, ...exception })))
    const [only] = name === undefined ? [] : found
    return { permissions: table, exceptions, fields: await profiles.policy(), member: only ? { member: only.member, name: only.name, role: only.role, holds: only.status === 'active' ? held(table, only) : [] } : null }
  },
  show: ({ permissions: table, exceptions, fields, member }) => [
    ...(member === null ? [] : [{ line: [strong(member.name), `is ${member.role} and may do what says yes:`] }]),
    member === null
      ? { columns: ['PERMISSION', ...roles.map((one) => one.toUpperCase())], rows: table.map((row) => [row.permission, ...roles.map((one) => (row.roles.includes(one) ? good('yes') : null))]), empty: '' }
      : { columns: ['PERMISSION', 'MAY', 'BY'], rows: table.map(({ permission }) => [permission, member.holds.includes(permission) ? good('yes') : null, exceptions.some((one) => one.permission === permission) ? 'an exception' : 'the role']), empty: '' },
    { columns: ['MEMBER', 'EXCEPTION', ''], rows: exceptions.map((one) => [strong(one.name), one.permission, one.choice === 'allow' ? good('allowed') : bad('denied')]), empty: member === null ? 'There are no exceptions: roles alone decide.' : `There are no exceptions for ${member.name}: the role alone decides.` },
    { columns: ['PROFILE FIELD', 'EDITED BY'], rows: fields.map(({ field, editors }) => [field, editors === 'self' ? 'its member, owners and admins' : 'owners and admins']), empty: '' },
  ],
})

/** What a member may do: by role, and as exceptions say where they can say anything. */
function held(table: readonly { readonly permission: string; readonly roles: readonly string[] }[], { role: own, exceptions }: { readonly role: string; readonly exceptions: readonly { readonly permission: string; readonly choice: 'allow' | 'deny' }[] }): string[] {
  return table.filter(({ permission, roles: holders }) => {
    const exception = exceptions.find((one) => one.permission === permission)?.choice
    return exception === undefined || own === 'mirror' ? holders.includes(own) : exception === 'allow'
  }).map(({ permission }) => permission)
}
