import * as z from 'zod'
import { defineOp } from '../define.ts'
import { dim, good, shortId, time } from '../show.ts'

/** Lists one's own devices in a mesh. */
export const deviceList = defineOp({
  name: 'device.list',
  doc: 'List your own devices in a mesh: which this one is, who is online, since when, and which you may remove from here.',
  permission: 'mesh.read',
  positional: [],
  input: z.strictObject({}),
  output: z.object({
    devices: z.array(z.object({
      device: z.string(),
      name: z.string().nullable(),
      this: z.boolean(),
      online: z.boolean(),
      linked_by: z.string().nullable().describe('The device that linked it; null where it came with an admission, or by the root key'),
      since: z.number(),
      removable: z.boolean().describe('Whether this device, or the root key that is here, may remove it'),
    })),
  }),
  needs: ['devices'],
  errors: ['root_damaged', 'profile_modes'],
  cli: { command: 'device list' },
  example: 'atoll device list',
  handler: async ({ devices }) => ({ devices: await devices.list() }),
  show: ({ devices }) => [
    {
      columns: ['DEVICE', 'NAME', '', 'SINCE', 'LINKED BY', 'REMOVABLE'],
      rows: devices.map((one) => [shortId(one.device), one.name, one.this ? dim('this one') : one.online ? good('online') : null, time(one.since), one.linked_by === null ? null : shortId(one.linked_by), one.this ? null : one.removable]),
      empty: 'This device is in the mesh no more.',
    },
  ],
})
