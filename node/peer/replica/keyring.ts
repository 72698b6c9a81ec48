/** The content keys of the epochs this device was given, and what is derived from them. */
import { concat, derive, domainBytes, hasher, sameBytes } from '../../../crdt/crypto/hash.ts'
import type { OpOf } from '../../../crdt/members/ops.ts'
import type { Tables } from '../../../crdt/docs/tables.ts'
import { fromHex, type DeviceId, type EntryId, type MeshId, type SealingKey } from '../../../crdt/wire/ids.ts'
import { domains } from '../../../crdt/wire/protocols.ts'
import type { Random } from '../../ports/runtime.ts'
import { nonceBytes } from '../../../crdt/crypto/seal.ts'
import type { Identity } from './identity.ts'

const commit = hasher(domains.epochCommitment)

/** The row of a rotation or share whose key for this device does not fit; its value is the epoch. */
export const wrongKeyRow = (by: string): string => `wrong-key\0${by}`

/** A recipient of an epoch's key and the sealing key to wrap it for. */
export interface Recipient {
  readonly device: DeviceId
  readonly sealingKey: SealingKey
}

export class Keyring {
  readonly #mesh: MeshId
  readonly #identity: Identity
  readonly #secrets = new Map<EntryId, Uint8Array>()
  readonly #bodyKeys = new Map<EntryId, Uint8Array>()

  constructor(mesh: MeshId, identity: Identity) {
    this.#mesh = mesh
    this.#identity = identity
  }

  has(epoch: EntryId): boolean {
    return this.#secrets.has(epoch)
  }

  epochs(): EntryId[] {
    return [...this.#secrets.keys()]
  }

  /** The key that bodies of an epoch are sealed with. */
  bodyKey(epoch: EntryId): Uint8Array | undefined {
    return this.#bodyKeys.get(epoch)
  }

  whisperKey(epoch: EntryId): Uint8Array | undefined {
    const secret = this.#secrets.get(epoch)
    return secret && derive(domains.whisperKey, secret)
  }

  /** The key of files that are shared with everybody who has this epoch's: equal files have equal chunks within it. */
  fileKey(epoch: EntryId): Uint8Array | undefined {
    const secret = this.#secrets.get(epoch)
    return secret && derive(domains.fileKey, secret)
  }

  add(epoch: EntryId, secret: Uint8Array): void {
    this.#secrets.set(epoch, secret)
    this.#bodyKeys.set(epoch, derive(domains.bodyKey, secret))
  }

  /** Keeps a key with the batch that brings it. */
  keep(tables: Tables, epoch: EntryId, secret: Uint8Array): void {
    this.add(epoch, secret)
    tables.put('epoch', epoch, secret)
  }

  clear(): void {
    this.#secrets.clear()
    this.#bodyKeys.clear()
  }

  /** A new epoch's commitment and its key wrapped for each recipient. */
  rotation(secret: Uint8Array, recipients: readonly Recipient[], random: Random): Pick<OpOf<'rotate'>, 'commitment' | 'sealer' | 'recipients'> {
    const commitment = commit(secret)
    return { commitment, ...this.#wrapAll(secret, commitment, recipients, random) }
  }

  /** A known epoch's key wrapped for more devices. */
  sharing(epoch: EntryId, recipients: readonly Recipient[], random: Random): Pick<OpOf<'share'>, 'epoch' | 'sealer' | 'recipients'> | undefined {
    const secret = this.#secrets.get(epoch)
    return secret && { epoch, ...this.#wrapAll(secret, commit(secret), recipients, random) }
  }

  /**
   * Unwraps what a rotation or a share holds for this device and checks it against the epoch's commitment.
   * @returns the key; 'wrong' when what was handed out is not the key that was committed to (rule T6)
   */
  unwrap(op: Pick<OpOf<'rotate'>, 'sealer' | 'recipients'>, commitment: Uint8Array): Uint8Array | 'wrong' | undefined {
    const mine = op.recipients.find(({ device }) => device === this.#identity.device)
    if (!mine) return undefined
    const secret = this.#identity.wrapper.unwrap(mine.key, op.sealer, this.#context(commitment))
    return secret && sameBytes(commit(secret), commitment) ? secret : 'wrong'
  }

  #wrapAll(secret: Uint8Array, commitment: Uint8Array, recipients: readonly Recipient[], random: Random): Pick<OpOf<'rotate'>, 'sealer' | 'recipients'> {
    const { wrapper } = this.#identity
    const wrapped = recipients.map(({ device, sealingKey }) => {
      // A recipient whose certified key nobody can use gets bytes that open to nothing: it must stay listed (rule T6).
      const key = wrapper.wrap(secret, sealingKey, random.bytes(nonceBytes), this.#context(commitment)) ?? new Uint8Array(72)
      return { device, key }
    })
    return { sealer: wrapper.publicKey, recipients: wrapped }
  }

  #context(commitment: Uint8Array): Uint8Array {
    return concat(domainBytes(domains.epochWrap), fromHex(this.#mesh), commitment)
  }
}
