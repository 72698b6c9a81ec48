import * as z from 'zod'
import { limits } from '../../../crdt/wire/limits.ts'
import { defineOp } from '../define.ts'
import { dim, strong, time } from '../show.ts'
import { inline, stateValue } from './shapes.ts'

/** Lists values by key. */
export const stateList = defineOp({
  name: 'state.list',
  doc: 'List stored values in order of their keys, with author and time; all, or those whose key starts with a prefix.',
  permission: 'state.read',
  positional: ['prefix'],
  input: z.strictObject({
    prefix: z.string().max(limits.keyBytes).optional().describe('Only keys that start with this'),
    limit: z.number().int().min(1).max(1000).default(100).describe('At most this many'),
    after: z.string().max(limits.keyBytes).optional().describe('Go on after this key: the `next` of the answer before'),
  }),
  output: z.object({ values: z.array(stateValue), next: z.string().nullable().describe('Pass it as `after` to get more; null at the end') }),
  needs: ['state'],
  errors: [],
  cli: { command: 'state list' },
  mcp: { tool: 'list_state', readOnly: true },
  example: 'atoll state list build/',
  handler: ({ state }, { prefix, limit, after }) => state.list({ prefix, limit, after }),
  show: ({ values, next }) => [
    {
      columns: ['KEY', 'VALUE', 'BY', 'WHEN', 'CONFLICTS'],
      rows: values.map((one) => [strong(one.key), inline(one.value), one.by, time(one.at), one.concurrent.length === 0 ? null : one.concurrent.length]),
      empty: 'Nothing is stored here yet: `atoll state set KEY VALUE`.',
    },
    ...(next === null ? [] : [dim(`There is more: go on after the key ${next}.`)]),
  ],
})
