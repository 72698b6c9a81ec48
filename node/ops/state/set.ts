import * as z from 'zod'
import { defineOp } from '../define.ts'
import { jsonValue } from '../json-value.ts'
import { strong } from '../show.ts'
import { moment, stateKey } from './shapes.ts'

/** Stores a JSON value under a key. */
export const stateSet = defineOp({
  name: 'state.set',
  doc: 'Store a JSON value under a key that every member of the mesh can read. Replaces what was there; the history keeps it.',
  permission: 'state.write',
  positional: ['key', 'value'],
  input: z.strictObject({ key: stateKey, value: jsonValue('The value: any JSON') }),
  output: z.object({ key: z.string(), at: moment }),
  needs: ['state'],
  errors: [],
  cli: { command: 'state set', stdin: 'value' },
  mcp: { tool: 'set_state' },
  example: 'atoll state set build/status \'{"ok": true}\'',
  handler: ({ state }, { key, value }) => state.set(key, value),
  show: ({ key }) => [{ line: [strong(key), 'is set.'] }],
})
