import * as z from 'zod'
import { defineOp } from '../define.ts'
import { shortId, strong, time } from '../show.ts'

/** Lists what has no effect for its author was removed. */
export const auditVoid = defineOp({
  name: 'audit.void',
  doc: 'List what removed members wrote outside of what their removal lets stand: it is kept and has no effect, save where others built on it. Admitting its author anew lets it stand.',
  permission: 'audit.read',
  positional: [],
  input: z.strictObject({}),
  output: z.object({
    total: z.number(),
    entries: z.array(z.object({ entry: z.string(), log: z.string(), seq: z.number(), device: z.string(), by: z.string(), at: z.number() })).describe('The first hundred'),
  }),
  needs: ['audit'],
  errors: [],
  cli: { command: 'audit void' },
  example: 'atoll audit void',
  handler: ({ audit }, _, { signal }) => audit.void(signal),
  show: ({ total, entries }) => [
    ...(total > entries.length ? [`The first ${entries.length} of ${total}:`] : []),
    { columns: ['BY', 'AT', 'LOG', 'SEQ', 'DEVICE', 'ENTRY'], rows: entries.map((one) => [strong(one.by), time(one.at), one.log, one.seq, shortId(one.device), one.entry]), empty: 'Nothing that anybody wrote is void.' },
  ],
})
