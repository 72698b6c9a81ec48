import * as z from 'zod'
import { limits } from '../../../crdt/wire/limits.ts'
import { boundedText } from '../bounded-text.ts'
import { defineOp } from '../define.ts'
import { nameText } from '../name-text.ts'
import { joined, showJoined } from './shapes.ts'

/** Founds a mesh. */
export const meshCreate = defineOp({
  name: 'mesh.create',
  doc: 'Make a new mesh with you as its owner. Without a relay it is reachable on this network only.',
  permission: 'mesh.create',
  positional: ['name'],
  input: z.strictObject({
    name: nameText().describe('Name of the mesh'),
    relays: z.array(boundedText('A relay address', limits.addressBytes)).max(limits.relaysPerMesh).default([]).describe('Address of a relay, as `atoll relay` prints it'),
    as: nameText().optional().describe('Your name in this mesh'),
    history: z.enum(['all', 'none']).default('all').describe('What newcomers may read of what was written before them, whatever an invite says: all, or none but how things stand'),
  }),
  output: joined,
  needs: ['meshes'],
  errors: ['name_invalid', 'relay_unreachable', 'relay_wrong'],
  cli: { command: 'create', flags: { relays: 'relay' }, placeholders: { relays: 'ADDR', as: 'NAME' } },
  example: 'atoll create crew --relay /dns4/relay.example.org/tcp/443/wss/p2p/12D3KooW… --as alex',
  handler: ({ meshes }, { name, relays, as, history }) => meshes.create({ name, relays, as, history }),
  show: (answer) => [...showJoined(answer, 'Made the mesh'), { aside: ['`atoll invite` makes a link for the next one to join.'] }],
})
