import * as z from 'zod'
import { defineOp } from '../define.ts'
import { relayAddress, relayStates, showRelays } from './shapes.ts'

/** Takes a relay out of a mesh. */
export const relayRemove = defineOp({
  name: 'relay.remove',
  doc: 'Take a relay out of the mesh. Peers that already see each other stay connected.',
  permission: 'relay.write',
  positional: ['address'],
  input: z.strictObject({ address: relayAddress }),
  output: relayStates,
  needs: ['relays'],
  errors: ['relay_unknown'],
  cli: { command: 'relay remove' },
  example: 'atoll relay remove /dns4/relay.example.org/tcp/443/wss/p2p/12D3KooW…',
  handler: async ({ relays }, { address }) => ({ relays: await relays.remove(address) }),
  show: showRelays,
})
