/**
 * How two peers find out which mesh a stream is for. The side that opens sends 32 random bytes, the other answers
 * with its own; then the opener shows a tag that only somebody who knows the mesh id can make for these two devices
 * and this moment, and the other proves the same. A stranger who tries learns nothing, not even how many meshes
 * there are. Who is on the line is known already: the transport's handshake proved the device's key.
 */
import { concat, derive, sameBytes } from '../crypto/hash.ts'
import { fixed, struct, type TypeOf } from '../wire/codec.ts'
import { fromHex, type DeviceId, type MeshId } from '../wire/ids.ts'
import { domains } from '../wire/protocols.ts'

export const nonceFrame = struct({ nonce: fixed(32) })
export const tagFrame = struct({ tag: fixed(32) })
export type TagFrame = TypeOf<typeof tagFrame>

/** The tag that `from` shows to `to`, made for the nonces of both. */
export function syncTag(mesh: MeshId, from: DeviceId, to: DeviceId, nonceOfFrom: Uint8Array, nonceOfTo: Uint8Array): Uint8Array {
  return derive(domains.syncTag, fromHex(mesh), concat(fromHex(from), fromHex(to), nonceOfFrom, nonceOfTo))
}

/** Which of the meshes a tag was made for. */
export function meshOfTag(tag: Uint8Array, meshes: Iterable<MeshId>, from: DeviceId, to: DeviceId, nonceOfFrom: Uint8Array, nonceOfTo: Uint8Array): MeshId | undefined {
  for (const mesh of meshes) if (sameBytes(tag, syncTag(mesh, from, to, nonceOfFrom, nonceOfTo))) return mesh
  return undefined
}
