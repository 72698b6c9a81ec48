import * as z from 'zod'
import { defineOp } from '../define.ts'
import { shortId } from '../show.ts'

/** Removes one of one's own devices. */
export const deviceRemove = defineOp({
  name: 'device.remove',
  doc: 'Remove one of your own devices from a mesh, such as one that was lost: with the root key where it is kept here, or from the device that linked it. Keys are changed at once.',
  permission: 'device.remove',
  positional: ['device'],
  input: z.strictObject({ device: z.string().min(1).max(512).describe('Its name, its id, or the beginning of that; `atoll device list` shows them') }),
  output: z.object({ device: z.string(), by_root_key: z.boolean(), rotated: z.boolean().describe('Whether the keys were changed') }),
  needs: ['devices'],
  errors: ['device_unknown', 'device_name_taken', 'device_not_removable', 'root_damaged', 'profile_modes'],
  cli: { command: 'device remove', confirm: ({ device }) => `Your device ${String(device)} will be removed from the mesh for good.` },
  example: 'atoll device remove 4f2a91c0 --yes',
  handler: ({ devices }, { device }) => devices.remove(device),
  show: ({ device, by_root_key, rotated }) => [{ line: ['Your device', shortId(device), `is removed${by_root_key ? ', by your root key' : ''}.`, rotated ? 'The keys are changed.' : 'The keys are changed with the next write of somebody who may.'] }],
})
