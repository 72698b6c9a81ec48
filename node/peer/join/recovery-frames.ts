/**
 * Frames of `/atoll/recover/1`, between somebody who holds a member's root key and any member. First comes the
 * handshake of `crdt/sync/handshake.ts`, so that only who knows the mesh learns that it is known here. Then the root
 * key signs this one conversation, the member shows its membership history, the new device links itself to its member
 * by an entry that the root key signs, and the member hands it the keys. Nothing secret is sent either way.
 */
import { bytes, fixed, list, struct, text, variant, type TypeOf } from '../../../crdt/wire/codec.ts'
import { memberId } from '../../../crdt/wire/ids.ts'
import { historyEndFields, historyFields } from './history-transfer.ts'

/** A link that names as long a frontier as an entry may. */
const linkBytes = 12 * 1024
/** The longest frame that who comes back has to send. */
export const recoveryFrameBytes = linkBytes + 64

export const recoveryFrame = variant({
  /** Member: my random bytes. */
  challenge: [1, struct({ nonce: fixed(32) })],
  /** Whoever comes back: mine, who I am, and the root key's signature over `transcriptOf` these. */
  claim: [2, struct({ member: memberId, nonce: fixed(32), proof: fixed(64) })],
  /** Member: my membership history, and that it is all. */
  history: [3, historyFields],
  historyEnd: [4, historyEndFields],
  /** Whoever comes back: the entry that links this device, where the history does not hold it. */
  link: [5, struct({ run: list(bytes(linkBytes), 1) })],
  /** Member: it is placed, and the keys were sent as history. */
  welcome: [6, struct({})],
  /** Member: no, with a code of the error table. */
  refuse: [7, struct({ code: text(64) })],
})
export type RecoveryFrame = TypeOf<typeof recoveryFrame>
