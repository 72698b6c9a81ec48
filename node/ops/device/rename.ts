import * as z from 'zod'
import { defineOp } from '../define.ts'
import { nameText } from '../name-text.ts'
import { shortId, strong } from '../show.ts'

/** Names one of one's own devices. */
export const deviceRename = defineOp({
  name: 'device.rename',
  doc: 'Give one of your own devices a name, which the members of the mesh can see.',
  permission: 'device.rename',
  positional: ['device', 'name'],
  input: z.strictObject({ device: z.string().min(1).max(512).describe('Its name as of now, its id, or the beginning of that'), name: nameText().describe('The new name') }),
  output: z.object({ device: z.string(), name: z.string() }),
  needs: ['devices'],
  errors: ['device_unknown', 'device_name_taken', 'name_invalid'],
  cli: { command: 'device rename' },
  example: 'atoll device rename 4f2a91c0 laptop',
  handler: ({ devices }, { device, name }) => devices.rename(device, name),
  show: ({ device, name }) => [{ line: ['Your device', shortId(device), 'is called', strong(name)] }],
})
