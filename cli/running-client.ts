import { AtollError } from '../node/ports/errors.ts'
import type { Client } from '../node/rpc/client-types.ts'
import { openClient, type Surface } from './surface.ts'

/** A client of the node that runs in the background, or null where none does. */
export async function runningClient(surface: Surface, mesh?: string): Promise<Client | null> {
  try {
    return await openClient(surface, { mesh, ownNode: false, start: false })
  } catch (error) {
    if (error instanceof AtollError && error.code === 'node_unreachable') return null
    throw error
  }
}
