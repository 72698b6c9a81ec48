import * as z from 'zod'
import { limits } from '../../../crdt/wire/limits.ts'
import { boundedText } from '../bounded-text.ts'
import { defineOp } from '../define.ts'
import { nameText } from '../name-text.ts'
import { joined, showJoined } from './shapes.ts'

/** Joins a mesh by an invite link. */
export const meshJoin = defineOp({
  name: 'mesh.join',
  doc: 'Join a mesh by an invite link, or as another device of yours by one of `atoll device link`: it shows a code to type there. Somebody has to be online; with `wait` it is tried until one is. Where the invite asks for approval it waits for an admin and says the number to tell them.',
  permission: 'mesh.join',
  positional: ['link'],
  input: z.strictObject({
    link: boundedText('The link', limits.linkBytes).describe('The link that `atoll invite` or `atoll device link` printed'),
    name: nameText().optional().describe('Your name in this mesh; for a link of `atoll device link`, what this device is called'),
    wait: z.boolean().default(false).describe('Wait until a member is online'),
  }),
  output: joined,
  needs: ['meshes'],
  errors: [
    'name_invalid',
    'already_joined',
    'link_malformed',
    'link_version',
    'invite_expired',
    'invite_revoked',
    'invite_used_up',
    'invite_forged',
    'root_missing',
    'root_damaged',
    'profile_modes',
    'invite_unknown',
    'history_stale',
    'nobody_online',
    'needs_admin',
    'join_refused',
    'peer_unreachable',
    'relay_unreachable',
    'relay_wrong',
    'removed',
    'offline',
    'device_link_closed',
    'device_away',
    'device_not_linkable',
  ],
  cli: { command: 'join', stdin: 'link' },
  example: 'atoll join "$(wl-paste)" --name bea --wait',
  handler: ({ meshes }, { link, name, wait }, { progress, signal }) => meshes.join({ link: link.trim(), name, wait }, progress, signal),
  show: (answer) => [...showJoined(answer, 'You are in the mesh')],
})
