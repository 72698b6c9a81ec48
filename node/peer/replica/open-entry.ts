import { decodeBody, type Change } from '../../../crdt/docs/change.ts'
import { open } from '../../../crdt/crypto/seal.ts'
import type { Entry } from '../../../crdt/log/entry.ts'
import type { Replica } from './replica.ts'

/** The changes in a content entry; 'sealed' without its epoch's key, 'nonsense' where its author sealed no changes. */
export function openEntry({ ledger }: Pick<Replica, 'ledger'>, { sealing, body, headerBytes }: Entry): readonly Change[] | 'sealed' | 'nonsense' {
  const key = sealing && ledger.keyring.bodyKey(sealing.epoch)
  if (!sealing || !key) return 'sealed'
  const plain = open(key, sealing.nonce, body, headerBytes)
  const changes = plain && decodeBody(plain)
  return changes?.ok ? changes.value : 'nonsense'
}
