import * as z from 'zod'
import { defineOp } from '../define.ts'
import { bad, good, shortId, strong } from '../show.ts'
import { meshSummary } from './shapes.ts'

/** Lists the meshes of this device. */
export const meshList = defineOp({
  name: 'mesh.list',
  doc: 'List the meshes this device is in, with your name and role in each and how many are online.',
  permission: 'mesh.list',
  positional: [],
  input: z.strictObject({}),
  output: z.object({ meshes: z.array(meshSummary) }),
  needs: ['meshes'],
  errors: [],
  cli: { command: 'list' },
  example: 'atoll list',
  handler: async ({ meshes }) => ({ meshes: await meshes.list() }),
  show: ({ meshes }) => [
    {
      columns: ['MESH', 'YOU', 'ROLE', 'MEMBERS', 'ONLINE', '', 'ID'],
      rows: meshes.map((one) => [strong(one.name), one.member_name, one.role === 'removed' || one.role === 'left' ? bad(one.role) : one.role, one.members, one.online, one.default ? good('default') : null, shortId(one.mesh)]),
      empty: 'In no mesh yet: `atoll create NAME` makes one, `atoll join LINK` joins one.',
    },
  ],
})
