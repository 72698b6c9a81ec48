import type { SigningPair } from '../../../crdt/crypto/sign.ts'
import type { KeyWrapper, SealingPair } from '../../../crdt/crypto/wrap.ts'
import type { DeviceId } from '../../../crdt/wire/ids.ts'

/** The keys of this device. Secrets have no text form, so no log line can hold one. */
export interface Identity {
  readonly device: DeviceId
  readonly signing: SigningPair
  readonly sealing: SealingPair
  readonly wrapper: KeyWrapper
}
