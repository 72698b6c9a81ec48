import * as z from 'zod'
import { defineOp } from '../define.ts'
import { strong } from '../show.ts'

/** Chooses the mesh that is meant when none is named. */
export const meshUse = defineOp({
  name: 'mesh.use',
  doc: 'Make a mesh the one that is meant when none is named.',
  permission: 'mesh.choose',
  positional: ['name'],
  input: z.strictObject({ name: z.string().min(1).max(4096).describe('The mesh’s name or id') }),
  output: z.object({ name: z.string() }),
  needs: ['meshes'],
  errors: ['mesh_unknown', 'mesh_ambiguous', 'mesh_none'],
  cli: { command: 'use', placeholders: { name: 'MESH' } },
  example: 'atoll use crew',
  handler: async ({ meshes }, { name }) => {
    await meshes.setDefault(name)
    return { name }
  },
  show: ({ name }) => [{ line: [strong(name), 'is the default now.'] }],
})
