/** A device's key as this project writes it (hex) and as libp2p does (a peer id): the same 32 bytes. Browser-safe. */
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { fromHex, toHex, type DeviceId } from '../../../crdt/wire/ids.ts'

const keyBytes = 32
/** The multihash of an Ed25519 peer id: identity, 36 bytes, then a protobuf of key type 1 and 32 bytes of key. */
const multihashPrefix = '002408011220'

/** The peer id of a device. Throws when it is not 32 bytes of hex. */
export function deviceToPeerId(device: DeviceId): PeerId {
  const raw = fromHex(device)
  if (raw.length !== keyBytes) throw new TypeError(`an Ed25519 key has ${keyBytes} bytes, not ${raw.length}`)
  return peerIdFromPublicKey(publicKeyFromRaw(raw))
}

/** undefined: a peer id that no device can have (RSA and other keys). */
export function peerIdToDevice(peer: PeerId): DeviceId | undefined {
  return peer.type === 'Ed25519' ? (toHex(peer.publicKey.raw) as DeviceId) : undefined
}

/** The same from a peer id in bytes, as a relay tells it. */
export function peerIdBytesToDevice(bytes: Uint8Array): DeviceId | undefined {
  const hex = toHex(bytes)
  return hex.length === multihashPrefix.length + 2 * keyBytes && hex.startsWith(multihashPrefix) ? (hex.slice(multihashPrefix.length) as DeviceId) : undefined
}

/** The same from text, as in `/p2p/12D3Koo…`. */
export function peerIdTextToDevice(text: string): DeviceId | undefined {
  try {
    return peerIdToDevice(peerIdFromString(text))
  } catch {
    return undefined // not a peer id at all
  }
}
