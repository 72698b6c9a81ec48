/** Sealing changes for some devices and not all: a random key for the changes, wrapped for each recipient. */
import { concat, domainBytes, hasher, sameBytes } from '../crypto/hash.ts'
import { nonceBytes, open, seal } from '../crypto/seal.ts'
import type { KeyWrapper } from '../crypto/wrap.ts'
import { decode, encode } from '../wire/codec.ts'
import { domains } from '../wire/protocols.ts'
import { fromHex, type DeviceId, type MeshId, type SealingKey } from '../wire/ids.ts'
import { decodeBody, encodeBody, kinds, sealedPayload, type Change } from './change.ts'

/** What the inner bytes are bound to: the mesh and the author's device. */
const context = (mesh: MeshId, author: DeviceId): Uint8Array => concat(domainBytes(domains.sealedWrap), fromHex(mesh), fromHex(author))

const commit = hasher(domains.sealedCommitment)

/** @param random gives fresh random bytes */
export function sealChanges(changes: readonly Change[], to: readonly { readonly device: DeviceId; readonly sealingKey: SealingKey }[], mesh: MeshId, author: DeviceId, wrapper: KeyWrapper, random: (length: number) => Uint8Array): Change {
  const key = random(32)
  const nonce = random(nonceBytes)
  const bound = context(mesh, author)
  const recipients = to.flatMap(({ device, sealingKey }) => {
    const wrapped = wrapper.wrap(key, sealingKey, random(nonceBytes), bound)
    return wrapped ? [{ device, key: wrapped }] : []
  })
  const payload = encode(sealedPayload, { sealer: wrapper.publicKey, commitment: commit(key), recipients, nonce, sealed: seal(key, nonce, encodeBody(changes), bound) })
  return { kind: kinds.sealed, doc: '', deps: [], payload }
}

/**
 * The changes inside, or undefined when they are not for this device or do not open.
 * @param certified whether a sealing key is the author's own: an envelope copied from another author opens to nothing
 */
export function openChanges(payload: Uint8Array, mesh: MeshId, author: DeviceId, self: DeviceId, wrapper: KeyWrapper, certified: (key: SealingKey) => boolean): readonly Change[] | undefined {
  const envelope = decode(sealedPayload, payload)
  if (!envelope.ok || !certified(envelope.value.sealer)) return undefined
  const mine = envelope.value.recipients.find(({ device }) => device === self)
  const bound = context(mesh, author)
  const key = mine && wrapper.unwrap(mine.key, envelope.value.sealer, bound)
  if (key && !sameBytes(commit(key), envelope.value.commitment)) return undefined
  const plain = key && open(key, envelope.value.nonce, envelope.value.sealed, bound)
  const changes = plain && decodeBody(plain)
  return changes?.ok ? changes.value : undefined
}

/** The devices that changes were sealed for, as the envelope lists them. */
export function recipientsOf(payload: Uint8Array): readonly DeviceId[] {
  const envelope = decode(sealedPayload, payload)
  return envelope.ok ? envelope.value.recipients.map(({ device }) => device) : []
}
