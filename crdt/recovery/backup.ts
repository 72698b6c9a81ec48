/**
 * What a backup holds: for each mesh the member's root key, and what a new machine needs to find the mesh and to
 * know it again. No device key, no entries, no epoch keys: whoever restores it is a new device, so that no log of an
 * old one can go on (rule D4), and reads what the members of now hand over.
 */
import { fixed, list, struct, text, uint, type TypeOf } from '../wire/codec.ts'
import { deviceId, entryId, idSet, type EntryId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'

const address = text(limits.addressBytes)

const membership = struct({
  mesh: entryId,
  /** Its name, and one's own, as they were: shown before anybody can be asked. */
  name: text(limits.nameBytes),
  memberName: text(limits.nameBytes),
  /** The seed of the member's root key. */
  root: fixed(32),
  relays: list(address, limits.relaysPerMesh),
  /** Devices of the mesh, and where they were last reached. */
  peers: list(struct({ device: deviceId, addresses: list(address, limits.backupAddresses) }), limits.backupPeers),
  /** The newest membership entries that were known: a history without them is an older or another one. */
  frontier: idSet<EntryId>(32, limits.frontierIds),
})
export type BackupMembership = TypeOf<typeof membership>

export const backup = struct({
  /** When it was made, in milliseconds since 1970 UTC. */
  made: uint,
  meshes: list(membership, limits.backupMeshes),
})
export type Backup = TypeOf<typeof backup>
