import * as z from 'zod'
import { limits } from '../../../crdt/wire/limits.ts'
import { boundedText } from '../bounded-text.ts'
import { bad, good, strong, type Block } from '../show.ts'

/** Where a relay is. */
export const relayAddress = boundedText('The address', limits.addressBytes).describe('Address of the relay, as `atoll relay` prints it')

/** The relays of a mesh, and how each does. */
export const relayStates = z.object({
  relays: z.array(z.object({ address: z.string(), connected: z.boolean(), reserved: z.boolean(), rtt_ms: z.number().nullable(), error: z.string().nullable() })),
})

/** The relays as a table. */
export function showRelays({ relays }: z.output<typeof relayStates>): readonly Block[] {
  return [
    {
      columns: ['RELAY', 'CONNECTED', 'REACHABLE THROUGH IT', 'RTT MS', 'PROBLEM'],
      rows: relays.map((one) => [strong(one.address), one.connected ? good('yes') : bad('no'), one.reserved ? good('yes') : bad('no'), one.rtt_ms, one.error]),
      empty: 'This mesh uses no relay: it is reachable on this network only. `atoll relay add ADDRESS` adds one.',
    },
  ]
}
