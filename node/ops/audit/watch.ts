import * as z from 'zod'
import { defineOp } from '../define.ts'
import { bad, dim, strong, time } from '../show.ts'
import { untilCancelled } from '../until-cancelled.ts'

/** Follows who comes and goes. */
export const auditWatch = defineOp({
  name: 'audit.watch',
  doc: 'Follow members coming and going, roles, devices, changed keys and who asks to be let in, until cancelled. `atoll audit query --what membership` shows what was before.',
  permission: 'audit.watch',
  positional: [],
  input: z.strictObject({}),
  output: z.object({}),
  event: z.object({
    mesh_name: z.string(),
    entries: z.array(z.object({ entry: z.string(), by: z.string(), text: z.string(), at: z.number(), void: z.string().nullable() })),
    more: z.number().describe('How many older ones came with them'),
    requests: z.array(z.object({ request: z.string(), number: z.string() })).describe('Who asks this node to be let in'),
  }),
  needs: ['audit'],
  errors: ['mesh_none', 'mesh_unknown', 'mesh_ambiguous'],
  cli: { command: 'audit watch' },
  example: 'atoll audit watch --json',
  handler: async ({ audit }, _, { signal, emit, progress }) => {
    await audit.watch(emit, signal)
    progress('watching')
    return untilCancelled(signal)
  },
  show: () => [],
  showEvent: ({ mesh_name, entries, more, requests }) => [
    ...(more > 0 ? [dim(`${more} more in ${mesh_name} came before these.`)] : []),
    ...entries.map((one) => ({ line: [time(one.at), strong(one.by), one.text, dim(`in ${mesh_name}`), one.void === null ? null : bad(`void: ${one.void}`)] })),
    ...requests.map(({ number }) => ({ line: ['Somebody asks to be let in, number', strong(number), dim(`in ${mesh_name}: atoll invite requests`)] })),
  ],
})
