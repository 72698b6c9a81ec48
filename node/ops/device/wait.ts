import * as z from 'zod'
import { defineOp } from '../define.ts'
import { shortId, strong } from '../show.ts'

/** Waits for the new device. */
export const deviceWait = defineOp({
  name: 'device.wait',
  doc: 'Wait until a device asks to be linked by the link that `device link` made, and say which. What it is called it says itself: only the code it shows proves that it is yours.',
  permission: 'device.link',
  positional: [],
  input: z.strictObject({}),
  output: z.object({ device: z.string(), name: z.string().describe('What it says that it is called') }),
  needs: ['devices'],
  errors: ['device_link_closed'],
  cli: { command: 'device wait' },
  example: 'atoll device wait --json',
  handler: ({ devices }, _, { signal }) => devices.asking(signal),
  show: ({ device, name }) => [{ line: ['A device asks to be linked:', shortId(device), 'which calls itself', strong(name)] }, { line: ['Type the code that it shows: atoll device confirm CODE. Not yours? atoll device refuse'] }],
})
