import * as z from 'zod'
import { defineOp } from '../define.ts'
import { durationText } from '../duration-text.ts'

/** Makes a link for another device of one's own. `atoll device link` goes on to ask for the code. */
export const deviceLink = defineOp({
  name: 'device.link',
  doc: 'Make a one-time link by which another device of yours comes into a mesh as you. It lets nobody in before you type the code here that the new device shows.',
  permission: 'device.link',
  positional: [],
  input: z.strictObject({
    all: z.boolean().default(false).describe('For all your meshes, not only this one'),
    lasts: durationText().default(600_000).describe('How long it is good for (10m)'),
  }),
  output: z.object({
    link: z.string(),
    qr: z.array(z.string()).describe('The link as a QR code, line by line'),
    expires_at: z.number(),
    meshes: z.array(z.string()).describe('What it leads into'),
  }),
  needs: ['devices'],
  errors: [],
  example: 'atoll device link',
  handler: ({ devices }, { all, lasts }) => devices.link({ all, lasts_ms: lasts }),
  show: ({ qr, link }) => [{ aside: qr }, link],
})
