import * as z from 'zod'
import { defineOp } from '../define.ts'
import { grantLine, showGrants } from './shapes.ts'

/** Lists what others may do with the caller's member. */
export const grantList = defineOp({
  name: 'grant.list',
  doc: 'List your grants in a mesh: who may message you, reach you by broadcasts, call your tools, read your files, see your machine and directory; and whom you block. Nobody but your own devices can read them.',
  permission: 'grant.read',
  positional: [],
  input: z.strictObject({}),
  output: z.object({ lines: z.array(grantLine) }),
  needs: ['grants'],
  errors: [],
  cli: { command: 'grants' },
  example: 'atoll grants',
  handler: async ({ grants }) => ({ lines: await grants.list() }),
  show: ({ lines }) => [showGrants(lines), { aside: ['What you decided about somebody by name stands out; the rest is what holds for everyone.'] }],
})
