import * as z from 'zod'
import { defineOp } from '../define.ts'
import { dim, good, time } from '../show.ts'
import { author, inline, moment, stateKey, storedJson } from './shapes.ts'

/** Everything that was ever stored under a key. */
export const stateHistory = defineOp({
  name: 'state.history',
  doc: 'Every value a key has had, newest first, with who wrote it. More than one current value means they were written at the same time.',
  permission: 'state.read',
  positional: ['key'],
  input: z.strictObject({ key: stateKey, limit: z.number().int().min(1).max(1000).default(50).describe('At most this many') }),
  output: z.object({
    key: z.string(),
    versions: z.array(z.object({ value: storedJson, deleted: z.boolean(), by: author, at: moment, current: z.boolean() })),
  }),
  needs: ['state'],
  errors: ['key_unknown'],
  cli: { command: 'state history' },
  example: 'atoll state history build/status',
  handler: async ({ state }, { key, limit }) => ({ key, versions: await state.history({ key, limit }) }),
  show: ({ versions }) => [
    {
      columns: ['WHEN', 'BY', 'VALUE', ''],
      rows: versions.map((one) => [time(one.at), one.by, one.deleted ? dim('deleted') : inline(one.value), one.current ? good('current') : null]),
      empty: 'Nothing was ever stored under this key.',
    },
  ],
})
