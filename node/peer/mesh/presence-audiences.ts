/** Who is told what of where this device's sessions are. */
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import type { Replica } from '../replica/replica.ts'
import type { Grants } from './grants.ts'

/** What of a session is shown beside what everybody sees. */
export interface Shows {
  readonly machine: boolean
  readonly directory: boolean
}

export interface PresenceAudience extends Shows {
  readonly devices: readonly DeviceId[]
}

/** Readers by what they may see; the blocked are in none. */
export function presenceAudiences({ membership, identity }: Replica, grants: Grants): readonly PresenceAudience[] {
  const found = new Map<string, Shows & { readonly devices: DeviceId[] }>()
  for (const device of membership.now().readerDevices()) {
    if (device === identity.device || grants.blocks(device)) continue
    const shows = { machine: grants.allowsDevice('machine', device), directory: grants.allowsDevice('directory', device) }
    const key = `${shows.machine} ${shows.directory}`
    const known = found.get(key)
    if (known) known.devices.push(device)
    else found.set(key, { ...shows, devices: [device] })
  }
  return [...found.values()]
}

/** Every device of somebody who is blocked. */
export function blockedDevices({ membership }: Replica, grants: Grants): readonly DeviceId[] {
  return grants.blocksAny ? membership.now().devices().map(({ device }) => device).filter((device) => grants.blocks(device)) : []
}

/** Who is told what of this device's presence, as of when it is asked. */
export function hearers(replica: Replica, grants: () => Grants): { audiences(): readonly PresenceAudience[]; everybody(): readonly DeviceId[] | 'all'; blocked(): readonly DeviceId[] } {
  return { audiences: () => presenceAudiences(replica, grants()), everybody: () => everybody(replica), blocked: () => blockedDevices(replica, grants()) }
}

/** A mirror has no key to say to all what is for all: it says it to each device by itself. */
function everybody({ membership, identity }: Replica): readonly DeviceId[] | 'all' {
  const view = membership.now()
  return view.device(identity.device)?.role === 'mirror' ? view.devices().map(({ device }) => device).filter((device) => device !== identity.device) : 'all'
}
