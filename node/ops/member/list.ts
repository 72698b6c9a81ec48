import * as z from 'zod'
import { defineOp } from '../define.ts'
import { memberException, shownExceptions } from './except.ts'
import { role } from '../mesh/shapes.ts'
import { showVerification, verification } from './shapes.ts'
import { bad, dim, shortId, strong, time, warn } from '../show.ts'

/** Lists who is and was in a mesh. */
export const memberList = defineOp({
  name: 'member.list',
  doc: 'List the members of a mesh with role and exceptions, devices, who let them in and when; also those who left or were removed.',
  permission: 'mesh.read',
  positional: [],
  input: z.strictObject({}),
  output: z.object({
    members: z.array(
      z.object({
        member: z.string(),
        name: z.string(),
        role,
        status: z.enum(['active', 'left', 'removed']),
        you: z.boolean(),
        devices: z.array(z.object({ device: z.string(), online: z.boolean() })),
        admitted_by: z.string().nullable(),
        verification,
        exceptions: z.array(memberException).describe('What policies allow or deny beside the role'),
        confirmed: z.boolean().describe('They are who was invited: whoever invited them, an admin or owner said so, or you verified them'),
        joined_at: z.number(),
      }),
    ),
  }),
  needs: ['members'],
  errors: [],
  cli: { command: 'member list' },
  example: 'atoll member list',
  handler: async ({ members }) => ({ members: await members.list() }),
  show: ({ members }) => [
    {
      columns: ['NAME', 'ROLE', 'EXCEPTIONS', 'DEVICES', 'ONLINE', 'LET IN BY', 'SINCE', 'VERIFIED', '', 'ID'],
      rows: members.map((one) => [
        strong(one.name),
        one.role,
        shownExceptions(one.exceptions),
        one.devices.length,
        one.devices.filter((device) => device.online).length,
        one.admitted_by,
        time(one.joined_at),
        showVerification(one.verification),
        one.you ? dim('you') : one.status === 'active' ? (one.confirmed ? null : warn('unconfirmed')) : bad(one.status),
        shortId(one.member),
      ]),
      empty: 'Nobody is in this mesh.',
    },
    ...members.filter((one) => one.verification === 'changed').map(({ name }) => bad(`${name} has other devices or keys than when you verified them: \`atoll verify ${name}\` says which.`)),
  ],
})
