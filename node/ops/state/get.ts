import * as z from 'zod'
import { defineOp } from '../define.ts'
import { dim, time } from '../show.ts'
import { inline, stateKey, stateValue } from './shapes.ts'

/** Reads one value. */
export const stateGet = defineOp({
  name: 'state.get',
  doc: 'Read the value stored under a key, with who wrote it and when. Values written at the same time by others are listed as concurrent.',
  permission: 'state.read',
  positional: ['key'],
  input: z.strictObject({ key: stateKey }),
  output: stateValue,
  needs: ['state'],
  errors: ['key_unknown'],
  cli: { command: 'state get' },
  mcp: { tool: 'get_state', readOnly: true },
  example: 'atoll state get build/status',
  handler: ({ state }, { key }) => state.get(key),
  show: ({ value, by, at, concurrent }) => [
    { quote: typeof value === 'string' ? value : JSON.stringify(value, null, 2) },
    { line: [dim('by'), by, time(at)] },
    ...concurrent.map((other) => ({ line: [dim('at the same time'), other.by, time(other.at), dim('wrote'), inline(other.value)] })),
  ],
})
