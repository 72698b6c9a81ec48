import * as z from 'zod'
import { limits } from '../../../crdt/wire/limits.ts'
import { defineOp } from '../define.ts'
import { joined, showJoined } from '../mesh/shapes.ts'
import { addressText, hex32, peerPlace } from './shapes.ts'

/** Comes back to a mesh by its root key: `atoll restore` calls it for each mesh of a backup. */
export const recoveryRestore = defineOp({
  name: 'recovery.restore',
  doc: 'Come back to a mesh as a new device of the member whose root key is given. A member who may write has to be online; with `wait` it is tried until one is.',
  permission: 'mesh.join',
  positional: [],
  input: z.strictObject({
    mesh: hex32().describe('Id of the mesh'),
    root: hex32().describe('The seed of the root key; secret'),
    relays: z.array(addressText()).max(limits.relaysPerMesh).default([]).describe('Where to look: relays'),
    peers: z.array(peerPlace).max(limits.backupPeers).default([]).describe('Where to look: devices of the mesh'),
    frontier: z.array(hex32()).max(limits.frontierIds).default([]).describe('Membership entries that the history must hold'),
    wait: z.boolean().default(false).describe('Wait until a member is online'),
  }),
  output: joined.extend({ other_devices: z.array(z.string()).describe('Devices of the member beside this one, lost ones included') }),
  needs: ['recovery'],
  errors: ['already_joined', 'recovery_refused', 'history_stale', 'nobody_online', 'peer_unreachable', 'relay_unreachable', 'relay_wrong', 'not_permitted', 'offline'],
  example: 'atoll restore reef.atollbak --wait',
  handler: ({ recovery }, input, { progress, signal }) => recovery.restore(input, progress, signal),
  show: (answer) => [...showJoined(answer, 'You are back in the mesh')],
})
