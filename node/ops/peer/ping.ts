import * as z from 'zod'
import { defineOp } from '../define.ts'
import { bad, shortId, strong } from '../show.ts'
import { path, showPath, showTrip } from './shapes.ts'

/** Measures the round trip to every peer. */
export const peerPing = defineOp({
  name: 'peer.ping',
  doc: 'Measure the round trip to every peer that can be reached, with the path it takes.',
  permission: 'peer.ping',
  positional: [],
  input: z.strictObject({ priorities: z.array(z.enum(['now', 'next', 'low'])).optional().describe('Changes nothing: all priorities take the same path') }),
  output: z.object({ peers: z.array(z.object({ name: z.string(), device: z.string(), path, rtt_ms: z.number().nullable().describe('Null where no answer came') })) }),
  needs: ['peers'],
  errors: ['offline', 'peer_unreachable'],
  cli: { command: 'ping', hidden: ['priorities'] },
  mcp: { tool: 'ping_mesh', readOnly: true },
  example: 'atoll ping',
  handler: async ({ peers }) => ({ peers: await peers.ping() }),
  show: ({ peers }) => [
    {
      columns: ['PEER', 'RTT MS', 'PATH', 'DEVICE'],
      rows: peers.map((one) => [strong(one.name), one.rtt_ms === null ? bad('no answer') : showTrip(one.rtt_ms), showPath(one.path), shortId(one.device)]),
      empty: 'Nobody else is in this mesh.',
    },
  ],
})
