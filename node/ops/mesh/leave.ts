import * as z from 'zod'
import { defineOp } from '../define.ts'
import { strong } from '../show.ts'

/** Leaves a mesh. */
export const meshLeave = defineOp({
  name: 'mesh.leave',
  doc: 'Leave a mesh: you stop syncing it and the others see that you left. What you already hold stays readable.',
  permission: 'mesh.leave',
  positional: [],
  input: z.strictObject({}),
  output: z.object({ mesh: z.string(), name: z.string() }),
  needs: ['mesh'],
  errors: [],
  cli: { command: 'leave', confirm: () => 'You will no longer be a member of this mesh; only a new invite brings you back.' },
  example: 'atoll leave --mesh crew --yes',
  handler: ({ mesh }) => mesh.leave(),
  show: ({ name }) => [{ line: ['You left', strong(name)] }],
})
