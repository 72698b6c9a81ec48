import * as z from 'zod'
import { defineOp } from '../define.ts'
import { bad, dim, good, shortId, strong } from '../show.ts'
import { path, showPath } from './shapes.ts'

/** Says why a peer is reached the way it is. */
export const peerExplain = defineOp({
  name: 'peer.explain',
  doc: 'Explain how a peer is reached: the path in use, every other that was tried with why it failed, and what would help.',
  permission: 'mesh.read',
  positional: ['peer'],
  input: z.strictObject({ peer: z.string().min(1).max(4096).describe('Name of the peer, or its device') }),
  output: z.object({
    peer: z.string(),
    device: z.string(),
    path,
    summary: z.string(),
    attempts: z.array(z.object({ kind: path, address: z.string().nullable(), outcome: z.enum(['in use', 'failed', 'not tried', 'available']), why: z.string() })),
    advice: z.array(z.string()),
  }),
  needs: ['peers'],
  errors: ['peer_unknown', 'member_ambiguous'],
  cli: { command: 'explain path' },
  mcp: { tool: 'explain_path', readOnly: true },
  example: 'atoll explain path bea',
  handler: ({ peers }, { peer }) => peers.explain(peer),
  show: (answer) => [
    { line: [strong(answer.peer), shortId(answer.device), showPath(answer.path)] },
    answer.summary,
    {
      columns: ['PATH', 'OUTCOME', 'WHY', 'ADDRESS'],
      rows: answer.attempts.map((one) => [one.kind, one.outcome === 'in use' ? good(one.outcome) : one.outcome === 'failed' ? bad(one.outcome) : one.outcome, one.why, one.address === null ? null : dim(one.address)]),
      empty: 'No path was tried.',
    },
    ...answer.advice.map((text) => `→ ${text}`),
  ],
})
