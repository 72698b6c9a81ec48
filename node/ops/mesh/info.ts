import * as z from 'zod'
import { defineOp } from '../define.ts'
import { bad, good, shortId, strong, time, warn, type Block } from '../show.ts'
import { meshSummary } from './shapes.ts'

/** What one mesh is. */
export const meshInfo = defineOp({
  name: 'mesh.info',
  doc: 'What a mesh is: your name and role, members, relays, how much it holds, whether it is synced, and devices caught signing two histories, and links that let in more than they were made for.',
  permission: 'mesh.read',
  positional: [],
  input: z.strictObject({}),
  output: z.object({
    ...meshSummary.shape,
    created_at: z.number(),
    relays: z.array(z.string()),
    entries: z.number(),
    logs: z.number(),
    bytes: z.number(),
    epoch: z.string(),
    synced: z.boolean(),
    forks: z.array(z.object({ device: z.string(), member: z.string(), log: z.string(), seq: z.number() })),
    overused: z.array(z.object({ invite: z.string(), uses: z.number(), admitted: z.array(z.string()) })),
  }),
  needs: ['mesh'],
  errors: [],
  cli: { command: 'info' },
  mcp: { tool: 'mesh_info', readOnly: true },
  example: 'atoll info',
  handler: ({ mesh }) => mesh.info(),
  show: (answer): readonly Block[] => [
    {
      facts: [
        ['mesh', strong(answer.name)],
        ['id', answer.mesh],
        ['you', `${answer.member_name} (${answer.role})`],
        ['members', `${answer.members}, ${answer.online} online`],
        ['relays', answer.relays.length > 0 ? answer.relays : warn('none: reachable on this network only')],
        ['synced', answer.synced ? good('yes') : warn('not yet')],
        ['holds', `${answer.entries} entries in ${answer.logs} logs, ${answer.bytes} bytes`],
        ['epoch', shortId(answer.epoch)],
        ['since', time(answer.created_at)],
      ],
    },
    ...answer.forks.map((fork) => bad(`! The device ${fork.device} of ${fork.member} signed two entries as number ${fork.seq} of its log ${fork.log}.`)),
    ...answer.overused.map(({ invite, uses, admitted }) => bad(`! The invite ${invite.slice(0, 12)} was made for ${uses} and let in ${admitted.length}, at places that could not see each other: ${admitted.join(', ')}. \`atoll member remove\` removes who should not be here.`)),
  ],
})
