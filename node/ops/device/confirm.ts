import * as z from 'zod'
import { defineOp } from '../define.ts'
import { shortId, strong } from '../show.ts'

/** Links the device that asks. */
export const deviceConfirm = defineOp({
  name: 'device.confirm',
  doc: 'Link the device that asks, if it shows this code: it becomes another device of yours, with all that you may do. Nothing is linked where the code differs.',
  permission: 'device.link',
  positional: ['code'],
  input: z.strictObject({ code: z.string().transform((typed) => typed.replace(/[\s-]/g, '')).pipe(z.string().regex(/^[0-9]{6}$/, 'the code has six digits')).describe('The six digits that the new device shows') }),
  output: z.object({ device: z.string(), meshes: z.array(z.string()).describe('What it was linked into') }),
  needs: ['devices'],
  errors: ['device_link_closed', 'device_link_unasked', 'device_link_broken', 'code_wrong', 'removed', 'not_permitted'],
  cli: { command: 'device confirm' },
  example: 'atoll device confirm 123456',
  handler: ({ devices }, { code }) => devices.confirm(code),
  show: ({ device, meshes }) => [{ line: ['The device', shortId(device), 'is yours now, in', strong(meshes.join(', '))] }],
})
