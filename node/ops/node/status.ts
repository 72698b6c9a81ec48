import * as z from 'zod'
import { defineOp } from '../define.ts'
import { bad, good, shortId, strong, time, warn } from '../show.ts'

/** What the running node is doing. */
export const nodeStatus = defineOp({
  name: 'node.status',
  doc: 'What the running node is doing: device, addresses, storage, and each mesh with who is online and whether it is synced.',
  permission: 'node.read',
  positional: [],
  input: z.strictObject({}),
  output: z.object({
    version: z.string(),
    pid: z.number(),
    device: z.string(),
    home: z.string(),
    socket: z.string(),
    addresses: z.array(z.string()),
    started_at: z.number(),
    network: z.enum(['on', 'off']),
    storage: z.enum(['ok', 'read-only', 'full', 'failed']),
    sessions: z.number(),
    metrics: z.string().nullable(),
    token: z.string().nullable().describe('The name of the token that it runs by; null: it is a person’s'),
    meshes: z.array(z.object({ name: z.string(), mesh: z.string(), peers_online: z.number(), entries: z.number(), synced: z.boolean() })),
    offenders: z.array(z.object({ device: z.string(), name: z.string().nullable(), offence: z.string(), why: z.string(), score: z.number().describe('Banned at 100; halves every ten minutes'), bans: z.number(), banned_until: z.number().nullable() })),
    budgets: z.array(z.object({ name: z.string(), used: z.number(), of: z.number() })).describe('What others fill, where it is fullest'),
    warnings: z.array(z.string()),
  }),
  needs: ['node'],
  errors: [],
  example: 'atoll status',
  handler: ({ node }) => node.status(),
  show: (answer) => [
    {
      facts: [
        ['node', strong(`${answer.version}, process ${answer.pid}`)],
        ['up', time(answer.started_at)],
        ['device', answer.device],
        ['profile', answer.home],
        ['network', answer.network === 'on' ? 'on' : warn('off')],
        ['storage', answer.storage === 'ok' ? 'ok' : bad(answer.storage)],
        ['sessions', answer.sessions],
        ['metrics', answer.metrics],
        ...(answer.token === null ? [] : [['token', answer.token] as const]),
        ['budgets', answer.budgets.map(({ name, used, of }) => `${name} ${used} of ${of}`)],
        ['addresses', answer.addresses],
      ],
    },
    ...answer.warnings.map((warning) => warn(`! ${warning}`)),
    {
      columns: ['MESH', 'ONLINE', 'ENTRIES', 'SYNCED', 'ID'],
      rows: answer.meshes.map((mesh) => [strong(mesh.name), mesh.peers_online, mesh.entries, mesh.synced ? good('yes') : warn('not yet'), shortId(mesh.mesh)]),
      empty: 'In no mesh yet: `atoll create NAME` makes one, `atoll join LINK` joins one.',
    },
    ...(answer.offenders.length === 0
      ? []
      : [
          '',
          {
            columns: ['OFFENDER', 'WHAT IT DID', 'SCORE', 'BANS', 'NOT TALKED TO UNTIL', 'DEVICE'],
            rows: answer.offenders.map((one) => [strong(one.name ?? 'a stranger'), one.why, one.score, one.bans, one.banned_until === null ? null : time(one.banned_until), shortId(one.device)]),
            empty: '',
          },
        ]),
  ],
})
