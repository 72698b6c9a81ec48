import * as z from 'zod'
import { defineOp } from '../define.ts'
import { verification } from '../member/shapes.ts'
import { role } from '../mesh/shapes.ts'
import { bad, dim, good, shortId, strong, time, warn, type Block } from '../show.ts'
import { path, showBytes, showPath, showTrip } from './shapes.ts'

const session = z.object({
  session: z.string(),
  name: z.string(),
  role: z.string().nullable(),
  groups: z.array(z.string()),
  status: z.enum(['idle', 'working', 'dnd']),
  summary: z.string().nullable(),
  machine: z.string().nullable(),
  directory: z.string().nullable(),
  agent: z.string().nullable(),
  since: z.number(),
})

/** Lists the devices of a mesh and the sessions on them. */
export const peerList = defineOp({
  name: 'peer.list',
  doc: 'List who is in the mesh: each member’s devices and agent sessions with name, status, summary, directory, whether they are online, by which path, and whether they are synced with you.',
  permission: 'mesh.read',
  positional: [],
  input: z.strictObject({}),
  output: z.object({
    peers: z.array(
      z.object({
        device: z.string(),
        member: z.string(),
        name: z.string(),
        role,
        verification,
        confirmed: z.boolean(),
        you: z.boolean(),
        online: z.boolean(),
        path,
        rtt_ms: z.number().nullable(),
        sent_bytes: z.number(),
        received_bytes: z.number(),
        synced: z.boolean().describe('Both have announced the same heads'),
        last_seen: z.number().nullable(),
        not_talked_to: z.object({ until: z.number(), why: z.string() }).nullable(),
        sessions: z.array(session),
      }),
    ),
  }),
  needs: ['peers'],
  errors: [],
  cli: { command: 'peers' },
  mcp: { tool: 'list_peers', alwaysLoad: true, readOnly: true },
  example: 'atoll peers',
  handler: async ({ peers }) => ({ peers: await peers.list() }),
  show: ({ peers }): readonly Block[] => {
    const unconfirmed = [...new Set(peers.filter((peer) => !peer.confirmed && !peer.you).map(({ name }) => name))]
    const sessions = peers.flatMap((peer) => peer.sessions.map((one) => ({ peer, one })))
    return [
      {
        columns: ['PEER', 'ROLE', 'ONLINE', 'PATH', 'RTT MS', 'SENT', 'RECEIVED', 'SYNCED', 'LAST SEEN', 'DEVICE'],
        rows: peers.map((peer) => [
          strong(peer.name),
          peer.role,
          peer.you ? dim('you') : peer.online ? good('yes') : dim('no'),
          peer.you ? null : showPath(peer.path),
          showTrip(peer.rtt_ms),
          showBytes(peer.you ? 0 : peer.sent_bytes),
          showBytes(peer.you ? 0 : peer.received_bytes),
          peer.you ? null : peer.synced ? good('yes') : warn('no'),
          peer.online ? null : time(peer.last_seen),
          shortId(peer.device),
        ]),
        empty: 'Nobody is in this mesh.',
      },
      ...[...new Set(peers.filter((peer) => peer.verification === 'changed').map(({ name }) => name))].map((name) => bad(`${name} has other devices or keys than when you verified them: \`atoll verify ${name}\` says which.`)),
      ...(unconfirmed.length === 0 ? [] : [warn(`Unconfirmed: ${unconfirmed.join(', ')}. They came by a link, and nobody has said yet that it is really them: \`atoll member confirm NAME\`, \`atoll verify NAME\`.`)]),
      ...peers.flatMap(({ name, not_talked_to: ban }) => (ban ? [{ line: [bad(`${name} is not talked to until`), time(ban.until), bad(`: it ${ban.why}.`)] }] : [])),
      ...(sessions.length === 0
        ? []
        : [
            '',
            {
              columns: ['SESSION', 'OF', 'STATUS', 'AGENT', 'MACHINE', 'DIRECTORY', 'SUMMARY'],
              rows: sessions.map(({ peer, one }) => [strong(one.name), peer.name, one.status, one.agent, one.machine, one.directory, one.summary]),
              empty: '',
            },
          ]),
    ]
  },
})
