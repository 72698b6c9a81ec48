/**
 * Whispers for some devices and nobody else. From outside one says neither who speaks nor to whom: a key of the
 * author's for this boot, a wrapped key for each who may hear it, and what is sealed. The author signs all of it, and
 * stands inside, so that nobody can hand it on as if it had been said to others.
 */
import { concat, domainBytes } from '../crypto/hash.ts'
import { nonceBytes, open, seal } from '../crypto/seal.ts'
import { sign, type SigningPair, type Verify } from '../crypto/sign.ts'
import { wrappedKeyBytes, type KeyWrapper } from '../crypto/wrap.ts'
import { bytes, decode, encode, fixed, list, struct, uint, type TypeOf } from '../wire/codec.ts'
import { deviceId, fromHex, sealingKey, type DeviceId, type MeshId, type SealingKey } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { domains } from '../wire/protocols.ts'

/** Stands where another whisper names its epoch, which is a hash and never this. */
const mark = domainBytes(domains.whisperToSome)
const outside = struct({ mark: fixed(32), sealer: sealingKey, nonce: fixed(nonceBytes), slots: list(fixed(wrappedKeyBytes), limits.slotsPerWhisper) })
const said = struct({ device: deviceId, boot: fixed(8), counter: uint, plain: bytes(limits.whisperBytes) })
const inside = struct({ said, signature: fixed(64) })
const frame = struct({ outside, sealed: bytes(limits.whisperBytes) })

/** What was said, and by whom. */
export type Said = TypeOf<typeof said>

/** So much stands around what is said, beside a slot for each who hears it. */
export const overheadBytes = 512
export { wrappedKeyBytes as slotBytes }

const context = (mesh: MeshId): Uint8Array => concat(mark, fromHex(mesh))

/**
 * @param wrapper of a pair that is the author's for this boot alone
 * @param to at most limits.slotsPerWhisper; a key that nobody could use gets nothing
 * @param random gives fresh random bytes
 */
export function sealWhisperTo(mesh: MeshId, { boot, counter, plain }: Omit<Said, 'device'>, to: readonly SealingKey[], wrapper: KeyWrapper, device: SigningPair, random: (length: number) => Uint8Array): Uint8Array {
  const key = random(32)
  const nonce = random(nonceBytes)
  const slots = to.flatMap((one) => wrapper.wrap(key, one, random(nonceBytes), context(mesh)) ?? [])
  const shown = { mark, sealer: wrapper.publicKey, nonce, slots }
  const told = { device: device.publicKey as DeviceId, boot, counter, plain }
  const clear = encode(outside, shown)
  const signature = sign(domains.whisperToSome, mesh, concat(clear, encode(said, told)), device)
  return encode(frame, { outside: shown, sealed: seal(key, nonce, encode(inside, { said: told, signature }), clear) })
}

export const isWhisperToSome = (received: Uint8Array): boolean => mark.every((byte, i) => received[i] === byte)

/**
 * What was said, or undefined where it is not for this device or anything about it is wrong.
 * @param isNews asked of the nonce before anything costly is done: the same whisper comes by several ways
 */
export function openWhisperTo(mesh: MeshId, received: Uint8Array, wrapper: KeyWrapper, verify: Verify, isNews: (nonce: Uint8Array) => boolean = () => true): Said | undefined {
  const read = decode(frame, received)
  if (!read.ok || !isNews(read.value.outside.nonce)) return undefined
  const { outside: shown, sealed } = read.value
  const clear = encode(outside, shown)
  for (const slot of shown.slots) {
    const key = wrapper.unwrap(slot, shown.sealer, context(mesh))
    const plain = key && open(key, shown.nonce, sealed, clear)
    const whole = plain && decode(inside, plain)
    if (!whole) continue
    if (!whole.ok || !verify(domains.whisperToSome, mesh, concat(clear, encode(said, whole.value.said)), whole.value.signature, whole.value.said.device)) return undefined
    return whole.value.said
  }
  return undefined
}
