import * as z from 'zod'
import { readRegister } from '../../../crdt/docs/registers.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { Replica } from '../replica/replica.ts'

const relayList = z.array(z.string()).max(limits.relaysPerMesh)

/** Relays of a mesh, as its stewards wrote them. */
export function relaysOf({ store }: Pick<Replica, 'store'>): readonly string[] {
  const version = readRegister(store, 'mesh', 'relays')[0]
  const parsed = version && !version.deleted ? relayList.safeParse(JSON.parse(version.value)) : undefined
  return parsed?.success ? parsed.data : []
}
