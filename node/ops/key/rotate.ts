import * as z from 'zod'
import { defineOp } from '../define.ts'
import { good, shortId } from '../show.ts'

/** Changes the keys now. */
export const keyRotate = defineOp({
  name: 'key.rotate',
  doc: 'Change the keys now: what is written from here on is sealed with a new one, made for exactly the devices that are in the mesh. It happens by itself after a removal, and by schedule.',
  permission: 'key.rotate',
  positional: [],
  input: z.strictObject({}),
  output: z.object({ epoch: z.string().describe('The entry that brought the new key'), devices: z.number().describe('How many devices it was made for') }),
  needs: ['keys'],
  errors: [],
  cli: { command: 'rotate' },
  example: 'atoll rotate',
  handler: ({ keys }) => keys.rotate(),
  show: ({ epoch, devices }) => [{ line: [good('The keys are changed,'), `for ${devices} ${devices === 1 ? 'device' : 'devices'}:`, shortId(epoch)] }],
})
