import { signingPair } from '../../../crdt/crypto/sign.ts'
import { KeyWrapper, sealingPair } from '../../../crdt/crypto/wrap.ts'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import type { Identity } from '../replica/identity.ts'

/** A device's keys from their two secrets, 32 random bytes each. */
export function makeIdentity(seed: Uint8Array, sealingSecret: Uint8Array): Identity {
  const signing = signingPair(seed)
  const sealing = sealingPair(sealingSecret)
  return { device: signing.publicKey as DeviceId, signing, sealing, wrapper: new KeyWrapper(sealing) }
}
