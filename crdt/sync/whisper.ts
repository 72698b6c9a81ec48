/**
 * Whispers: sealed, signed, ephemeral datagrams (presence, typing, cursors). Never stored. A receiver keeps a
 * high-water mark per device and boot, so that each is heard once however many peers pass it on, and forgets what is
 * older than 30 s.
 */
import { concat } from '../crypto/hash.ts'
import { nonceBytes, open, seal } from '../crypto/seal.ts'
import { sign, type SigningPair, type Verify } from '../crypto/sign.ts'
import { bytes, decode, encode, fixed, struct, uint, type TypeOf } from '../wire/codec.ts'
import { deviceId, entryId, type DeviceId, type EntryId, type MeshId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { domains } from '../wire/protocols.ts'

const whisperHeader = struct({ epoch: entryId, device: deviceId, boot: fixed(8), counter: uint, nonce: fixed(nonceBytes) })
const whisperFrame = struct({ header: whisperHeader, sealed: bytes(limits.whisperBytes - 256), signature: fixed(64) })

type WhisperHeader = TypeOf<typeof whisperHeader>

export interface Whisper extends WhisperHeader {
  readonly plain: Uint8Array
}

/** @param key the epoch's whisper key */
export function sealWhisper(mesh: MeshId, header: { readonly epoch: EntryId; readonly boot: Uint8Array; readonly counter: number; readonly nonce: Uint8Array }, key: Uint8Array, plain: Uint8Array, device: SigningPair): Uint8Array {
  const whole = { ...header, device: device.publicKey as DeviceId }
  const clear = encode(whisperHeader, whole)
  const sealed = seal(key, header.nonce, plain, clear)
  return encode(whisperFrame, { header: whole, sealed, signature: sign(domains.whisper, mesh, concat(clear, sealed), device) })
}

/**
 * The whisper, or undefined when anything about it is wrong.
 * @param keyOf gives the whisper key of an epoch where it is known
 * @param isNews asked of the header before anything costly is done: the same whisper comes by several ways
 */
export function openWhisper(mesh: MeshId, received: Uint8Array, keyOf: (epoch: EntryId) => Uint8Array | undefined, verify: Verify, isNews: (header: WhisperHeader) => boolean = () => true): Whisper | undefined {
  const frame = decode(whisperFrame, received)
  if (!frame.ok || !isNews(frame.value.header)) return undefined
  const { header, sealed, signature } = frame.value
  const clear = encode(whisperHeader, header)
  const key = keyOf(header.epoch)
  if (!key || !verify(domains.whisper, mesh, concat(clear, sealed), signature, header.device)) return undefined
  const plain = open(key, header.nonce, sealed, clear)
  return plain && { ...header, plain }
}
