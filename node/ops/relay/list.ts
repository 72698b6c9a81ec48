import * as z from 'zod'
import { defineOp } from '../define.ts'
import { relayStates, showRelays } from './shapes.ts'

/** Lists the relays of a mesh. */
export const relayList = defineOp({
  name: 'relay.list',
  doc: 'List the relays the mesh uses, whether each is connected, and whether this device can be reached through it.',
  permission: 'mesh.read',
  positional: [],
  input: z.strictObject({}),
  output: relayStates,
  needs: ['relays'],
  errors: [],
  cli: { command: 'relay list' },
  example: 'atoll relay list',
  handler: async ({ relays }) => ({ relays: await relays.list() }),
  show: showRelays,
})
