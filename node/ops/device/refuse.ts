import * as z from 'zod'
import { defineOp } from '../define.ts'

/** Closes the open link. */
export const deviceRefuse = defineOp({
  name: 'device.refuse',
  doc: 'Close the link that `device link` made, and refuse whoever asks by it.',
  permission: 'device.link',
  positional: [],
  input: z.strictObject({}),
  output: z.object({}),
  needs: ['devices'],
  errors: ['device_link_closed'],
  cli: { command: 'device refuse' },
  example: 'atoll device refuse',
  handler: async ({ devices }) => {
    await devices.refuse()
    return {}
  },
  show: () => ['The link is closed. Nothing was linked by it.'],
})
