import * as z from 'zod'
import { defineOp } from '../define.ts'
import { relayAddress, relayStates, showRelays } from './shapes.ts'

/** Adds a relay to a mesh. */
export const relayAdd = defineOp({
  name: 'relay.add',
  doc: 'Add a relay to the mesh: every member uses it to find and reach the others. It can read nothing.',
  permission: 'relay.write',
  positional: ['address'],
  input: z.strictObject({ address: relayAddress }),
  output: relayStates,
  needs: ['relays'],
  errors: ['relay_unreachable', 'relay_wrong'],
  cli: { command: 'relay add' },
  example: 'atoll relay add /dns4/relay.example.org/tcp/443/wss/p2p/12D3KooW…',
  handler: async ({ relays }, { address }) => ({ relays: await relays.add(address) }),
  show: showRelays,
})
