import * as z from 'zod'
import { defineOp } from '../define.ts'
import { strong } from '../show.ts'
import { moment, stateKey } from './shapes.ts'

/** Takes a value out of every view. */
export const stateDelete = defineOp({
  name: 'state.delete',
  doc: 'Delete the value under a key. It leaves every view at once; the history keeps it until old history is dropped.',
  permission: 'state.write',
  positional: ['key'],
  input: z.strictObject({ key: stateKey }),
  output: z.object({ key: z.string(), at: moment }),
  needs: ['state'],
  errors: ['key_unknown'],
  cli: { command: 'state delete' },
  mcp: { tool: 'delete_state' },
  example: 'atoll state delete build/status',
  handler: ({ state }, { key }) => state.delete(key),
  show: ({ key }) => [{ line: [strong(key), 'is deleted; `atoll state history` still shows what it was.'] }],
})
